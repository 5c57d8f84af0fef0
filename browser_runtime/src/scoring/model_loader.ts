/**
 * Loads the signed model into a scorer: idle and visible first; the worker, its runtime and the model at once; all other items' rows
 * when the page is idle again. Whatever is refused, the model before goes on scoring.
 */

import type { Catalogue, FeatureSpec, Release } from '../../../contracts/types';
import type { ModelState, Platform } from '../api';
import { MAIN_THREAD_NAME } from '../constants';
import { sentenceOf } from '../lib/errors';
import { whenIdleAndVisible } from '../lib/idle';
import type { Files } from '../updates/files';
import { checkHead } from './kernel_head';
import type { WorkerLike } from './messages';
import { type ModelTier, modelBytes, tierOf } from './model_files';
import type { Scorer } from './scorer';
import { WorkerLine, WorkerRefused } from './worker_line';
import { loadScorer } from './worker_scorer';

/** What a held set says of its model. */
export interface Wanted {
  readonly release: Release;
  readonly catalogue: Catalogue;
  readonly featureSpec: FeatureSpec | null;
}

export interface ModelLoaderOptions {
  readonly platform: Pick<Platform, 'bundleUrl' | 'startWorker' | 'importChunk'>;
  readonly files: Files;
  /** Do not wait for an idle moment. */
  readonly eager: boolean;
  readonly onState: (state: ModelState, note: string) => void;
}

export class ModelLoader {
  scorer: Scorer | null = null;
  private wanted = '';
  private giveUp: () => void = () => {};

  constructor(private readonly options: ModelLoaderOptions) {}

  /** Have this set's model in force; the one before goes on scoring until then. Never throws. */
  want(set: Wanted): void {
    const { model, head, rest } = set.release;
    const key = [model, head, rest].map((ref) => ref?.sha256 ?? '').join();
    if (set.featureSpec === null || key === this.wanted) return;
    this.wanted = key;
    this.giveUp();
    this.options.onState('waiting', '');
    this.whenIdle(() => void this.load(set, key));
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
    this.scorer?.dispose();
    this.scorer = null;
  }

  private whenIdle(act: () => void): void {
    if (this.options.eager) act();
    else this.giveUp = whenIdleAndVisible(act);
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
      this.restOf(set, scorer);
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
    const starting = this.line(tier);
    starting.catch(() => {}); // told below, after the files
    const bytes = await this.checked(set, tier).catch(async (fault: unknown) => {
      (await starting.catch(() => null))?.end();
      throw fault;
    });
    const categories = Uint16Array.from([0, ...set.catalogue.items.map(({ category }) => category)]);
    const { featureSpec, release } = set;
    return loadScorer(await starting, {
      ...bytes,
      tier,
      categories,
      sha256: release.model.sha256,
      featureSpec: featureSpec as FeatureSpec,
    });
  }

  private async checked(set: Wanted, tier: ModelTier): ReturnType<typeof modelBytes> {
    const { platform, files } = this.options;
    const bytes = await modelBytes(set.release, tier, files, platform);
    const spec = set.featureSpec as FeatureSpec;
    if (tier === 'kernel') checkHead(new Uint8Array(bytes.model), set.release.model.sha256, spec);
    return bytes;
  }

  /** A worker; the kernel also runs on the main thread where workers are refused. */
  private async line(tier: ModelTier): Promise<WorkerLine> {
    const { platform } = this.options;
    try {
      return await WorkerLine.start(() => platform.startWorker(tier));
    } catch (fault) {
      if (tier !== 'kernel' || !(fault instanceof WorkerRefused)) throw fault;
      const chunk = (await platform.importChunk(MAIN_THREAD_NAME)) as { startOnMainThread: () => WorkerLike };
      return WorkerLine.start(chunk.startOnMainThread);
    }
  }

  private restOf({ release }: Wanted, scorer: Scorer): void {
    const { rest } = release;
    if (scorer.tier !== 'kernel' || !rest) return;
    this.whenIdle(async () => {
      try {
        const bytes = await this.options.files.get(rest);
        if (this.scorer !== scorer) return;
        await scorer.addRest(bytes.buffer);
        if (this.scorer === scorer) this.options.onState('ready', '');
      } catch (fault) {
        if (this.scorer === scorer)
          this.options.onState('ready', `rows of other items: ${sentenceOf(fault)}; they have their category's vector`);
      }
    });
  }
}
