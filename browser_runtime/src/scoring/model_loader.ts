/** Loads the signed model into a scorer: idle and visible first, then wasm and model from the cache or the shop's server. */

import type { FileRef } from '../../../contracts/types';
import type { ModelState, Platform } from '../api';
import { WASM_NAME, WASM_SHA256 } from '../constants';
import { sentenceOf } from '../lib/errors';
import { whenIdleAndVisible } from '../lib/idle';
import type { Files } from '../updates/files';
import type { Scorer } from './scorer';
import { startWorkerScorer } from './worker_scorer';

export interface ModelLoaderOptions {
  readonly platform: Pick<Platform, 'bundleUrl' | 'startWorker'>;
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

  /** Have this model in force; the one before goes on scoring until then. Never throws. */
  want(model: FileRef): void {
    if (model.sha256 === this.wanted) return;
    this.wanted = model.sha256;
    this.giveUp();
    this.options.onState('waiting', '');
    const start = (): void => void this.load(model);
    if (this.options.eager) start();
    else this.giveUp = whenIdleAndVisible(start);
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

  private async load(model: FileRef): Promise<void> {
    this.options.onState('loading', '');
    try {
      const { platform, files } = this.options;
      const [wasm, bytes] = await Promise.all([
        files.getAt(platform.bundleUrl(WASM_NAME), WASM_SHA256),
        files.get(model),
      ]);
      const scorer = await startWorkerScorer(platform.startWorker, wasm.buffer, bytes.buffer, model.sha256);
      this.takeUp(scorer);
    } catch (fault) {
      if (this.wanted === model.sha256) this.fail(fault);
    }
  }

  private takeUp(scorer: Scorer): void {
    if (scorer.model !== this.wanted) {
      scorer.dispose(); // another model was wanted meanwhile
      return;
    }
    this.scorer?.dispose();
    this.scorer = scorer;
    this.options.onState('ready', '');
  }
}
