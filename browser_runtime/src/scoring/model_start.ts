/** Worker, runtime and model, each asked for at once; the worker compiles and reads while the page still gathers its files. */

import type { Release } from '../../../contracts/types';
import type { Platform } from '../api';
import { MAIN_THREAD_NAME } from '../constants';
import { withRetries } from '../lib/retries';
import type { Files } from '../updates/files';
import { type HeadFacts, readHead } from './kernel_head';
import type { WorkerLike } from './messages';
import { type ModelTier, modelBytes } from './model_files';
import { WorkerLine, WorkerRefused } from './worker_line';
import { load, setCategories } from './worker_scorer';

export type Starts = Pick<Platform, 'bundleUrl' | 'startWorker' | 'importChunk'>;

/** A model in its worker. */
export interface Running {
  readonly line: WorkerLine;
  /** What the kernel's head says of itself; null in another tier. */
  readonly head: HeadFacts | null;
  /** In the worker. */
  readonly ms: number;
}

export interface ModelStart {
  /** The catalogue is there: its categories follow the model. */
  setCategories(categories: Uint16Array): void;
  /** Resolves once the model scores. */
  readonly running: Promise<Running>;
  /** Nobody wants it: the worker is ended. */
  abandon(): void;
}

/** Never throws; `running` rejects. */
export function startModel(release: Release, tier: ModelTier, files: Files, platform: Starts): ModelStart {
  let wanted = true;
  let line: WorkerLine | null = null;
  let named: (categories: Uint16Array) => void = () => {};
  const categories = new Promise<Uint16Array>((resolve) => (named = resolve));
  const bytes = withRetries(
    () => modelBytes(release, tier, files, platform),
    () => wanted,
  );
  const runIn = async (start: () => WorkerLike): Promise<Running> => {
    const opened = WorkerLine.open(start);
    line = opened;
    if (!wanted) opened.end();
    const { wasm, model } = await bytes;
    const kernel = tier === 'kernel'; // its files are small, and wanted again where the worker is refused
    const head = kernel ? readHead(new Uint8Array(model)) : null;
    const loaded = load(opened, wasm, model, kernel ? [] : [wasm, model]);
    const known = kernel ? categories.then((of) => setCategories(opened, of)) : 0;
    const [of_model, of_categories] = await Promise.all([loaded, known]);
    return { line: opened, head, ms: of_model + of_categories };
  };
  const running = runIn(() => platform.startWorker(tier)).catch(async (fault: unknown) => {
    if (tier !== 'kernel' || !(fault instanceof WorkerRefused)) throw fault;
    const chunk = (await platform.importChunk(MAIN_THREAD_NAME)) as { startOnMainThread: () => WorkerLike };
    return runIn(chunk.startOnMainThread);
  });
  running.catch(unheard);
  return {
    running,
    setCategories: (of) => named(of.slice()), // alone: a view would be sent with all that it looks at
    abandon() {
      wanted = false;
      line?.end();
    },
  };
}

/** Told to whoever awaits it. */
function unheard(): void {}
