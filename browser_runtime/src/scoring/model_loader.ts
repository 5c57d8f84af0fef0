/**
 * Loads the signed model into a scorer: idle and visible first; the worker, its runtime and the model at once; all other items' rows
 * a fixed time later. Whatever is refused, the model before goes on scoring.
 */

import type { FeatureSpec, FileRef, Release } from '../../../contracts/types';
import type { ModelState } from '../api';
import { sentenceOf } from '../lib/errors';
import { type FirstCalm, whenIdleAndVisible, whenVisibleAfter } from '../lib/idle';
import { withRetries } from '../lib/retries';
import type { Files } from '../updates/files';
import type { Listed } from '../updates/listed';
import { checkHead } from './kernel_head';
import { type ModelTier, tierOf } from './model_files';
import { type ModelStart, type Starts, startModel } from './model_start';
import type { Scorer } from './scorer';
import { WorkerScorer } from './worker_scorer';

/** Between a model and its other rows, ms: when they are asked for does not tell how busy the page was meanwhile. */
const REST_WAIT_MS = 2_000;

/** What a held set says of its model. */
export interface Wanted {
  readonly release: Release;
  readonly listed: Pick<Listed, 'categories'>;
  readonly featureSpec: FeatureSpec | null;
}

export interface ModelLoaderOptions {
  readonly platform: Starts;
  readonly files: Files;
  /** When the page is first at rest the model, though not all other items' rows, is asked for; null: at once, and its rows too. */
  readonly calm: FirstCalm | null;
  readonly onState: (state: ModelState, note: string) => void;
}

export class ModelLoader {
  scorer: Scorer | null = null;
  private wanted = '';
  private giveUp: () => void = () => {};
  private giveUpRest: () => void = () => {};
  /** What was asked for while the release's other files were on their way. */
  private started: { readonly key: string; readonly model: ModelStart } | null = null;

  constructor(private readonly options: ModelLoaderOptions) {}

  /** A release that was just verified: its model is on the way while the catalogue comes. Never throws. */
  prepare(release: Release): void {
    const [key, tier] = [keyOf(release), tierOf(release)];
    if (tier === null || key === this.wanted || key === this.started?.key) return;
    this.whenCalm(() => this.start(release, tier, key));
  }

  /** What was prepared will not be wanted: the set was refused. */
  abandon(): void {
    this.started?.model.abandon();
    this.started = null;
  }

  /** Have this set's model in force; the one before goes on scoring until then. Never throws. */
  want(set: Wanted): void {
    const key = keyOf(set.release);
    if (set.featureSpec === null || key === this.wanted) return;
    this.wanted = key;
    this.options.onState('waiting', '');
    if (key === this.started?.key) void this.load(set, key);
    else this.whenCalm(() => void this.load(set, key));
  }

  /** The model failed while scoring: pool order from here on. */
  fail(fault: unknown): void {
    this.scorer?.dispose();
    this.scorer = null;
    this.options.onState('failed', `${sentenceOf(fault)}; items are shown in the pool's order`);
  }

  dispose(): void {
    this.wanted = '';
    this.giveUp();
    this.giveUpRest();
    this.abandon();
    this.scorer?.dispose();
    this.scorer = null;
  }

  /** Only the newest wish is remembered. */
  private whenCalm(act: () => void): void {
    this.giveUp();
    if (this.options.calm === null) act();
    else this.giveUp = this.options.calm.wait(act);
  }

  private async load(set: Wanted, key: string): Promise<void> {
    const tier = tierOf(set.release);
    if (tier === null) return this.refuse(key, 'this browser has no WebAssembly SIMD');
    this.options.onState('loading', '');
    try {
      const scorer = await this.loaded(set, tier);
      if (key !== this.wanted) return scorer.dispose(); // another model was wanted meanwhile
      this.scorer?.dispose();
      this.scorer = scorer;
      this.options.onState('ready', '');
      void this.restOf(set, scorer);
    } catch (fault) {
      this.refuse(key, sentenceOf(fault));
    }
  }

  /** The last good model stays, where there is one. */
  private refuse(key: string, why: string): void {
    if (key !== this.wanted) return;
    if (this.scorer === null) this.fail(why);
    else this.options.onState('ready', `a newer model was refused: ${why}; the one before goes on`);
  }

  private async loaded(set: Wanted, tier: ModelTier): Promise<Scorer> {
    const { featureSpec, release, listed } = set;
    const begun = this.start(release, tier, keyOf(release));
    this.started = null;
    try {
      begun.setCategories(listed.categories);
      const { line, head, ms } = await begun.running;
      const facts = { tier, sha256: release.model.sha256, featureSpec: featureSpec as FeatureSpec };
      if (head !== null) checkHead(head, facts.sha256, facts.featureSpec);
      return new WorkerScorer(line, facts, ms);
    } catch (fault) {
      begun.abandon();
      throw fault;
    }
  }

  /** What was prepared of this very model, else asked for now. */
  private start(release: Release, tier: ModelTier, key: string): ModelStart {
    if (this.started?.key === key) return this.started.model;
    this.abandon();
    const { files, platform } = this.options;
    const model = startModel(release, tier, files, platform);
    this.started = { key, model };
    return model;
  }

  /** What is kept comes when the page is idle; what must be asked for, at a time that is the same for everyone. */
  private async restOf({ release: { rest } }: Wanted, scorer: Scorer): Promise<void> {
    this.giveUpRest();
    if (scorer.tier !== 'kernel' || !rest) return;
    if (this.options.calm === null) return this.addRest(this.fetchedRest(rest, scorer), scorer);
    const kept = await this.options.files.getKept(rest);
    if (this.scorer !== scorer) return;
    this.giveUpRest =
      kept === null
        ? whenVisibleAfter(REST_WAIT_MS, () => void this.addRest(this.fetchedRest(rest, scorer), scorer))
        : whenIdleAndVisible(() => void this.addRest(Promise.resolve(kept), scorer));
  }

  private fetchedRest(rest: FileRef, scorer: Scorer): Promise<Uint8Array<ArrayBuffer>> {
    return withRetries(
      () => this.options.files.get(rest),
      () => this.scorer === scorer,
    );
  }

  private async addRest(coming: Promise<Uint8Array<ArrayBuffer>>, scorer: Scorer): Promise<void> {
    let note = '';
    try {
      const bytes = await coming;
      if (this.scorer !== scorer) return;
      await scorer.addRest(bytes.buffer);
    } catch (fault) {
      note = `rows of other items: ${sentenceOf(fault)}; they have their category's vector`;
    }
    if (this.scorer === scorer) this.options.onState('ready', note);
  }
}

/** Of a model: equal in releases that have the same one. */
function keyOf({ model, head, rest }: Release): string {
  return [model, head, rest].map((ref) => ref?.sha256 ?? '').join();
}
