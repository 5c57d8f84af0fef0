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
import { load } from './worker_scorer';

export type Starts = Pick<Platform, 'bundleUrl' | 'startWorker' | 'importChunk'>;

/** A model in its worker, which scores once it has the categories. */
export interface Loaded {
  readonly line: WorkerLine;
  /** What the kernel's head says of itself; null in another tier. */
  readonly head: HeadFacts | null;
  /** In the worker. */
  readonly ms: number;
}

export interface ModelStart {
  readonly loaded: Promise<Loaded>;
  /** `loaded`, once it is there: a set that comes later waits for nothing. */
  readonly now: () => Loaded | null;
  /** Nobody wants it: the worker is ended. */
  abandon(): void;
}

/** Never throws; `loaded` rejects. */
export function startModel(release: Release, tier: ModelTier, files: Files, platform: Starts): ModelStart {
  let wanted = true;
  let there: Loaded | null = null;
  const worker = lineOf(tier, platform);
  worker.catch(unheard);
  const bytes = withRetries(
    () => modelBytes(release, tier, files, platform),
    () => wanted,
  );
  const loading = async (): Promise<Loaded> => {
    const [line, { wasm, model }] = await Promise.all([worker, bytes]);
    const head = tier === 'kernel' ? readHead(new Uint8Array(model)) : null;
    there = { line, head, ms: await load(line, wasm, model) };
    return there;
  };
  const loaded = loading();
  loaded.catch(unheard);
  const abandon = (): void => {
    wanted = false;
    worker.then((line) => line.end(), unheard);
  };
  return { loaded, now: () => there, abandon };
}

/** A worker; the kernel also runs on the main thread where workers are refused. */
async function lineOf(tier: ModelTier, platform: Starts): Promise<WorkerLine> {
  try {
    return await WorkerLine.start(() => platform.startWorker(tier));
  } catch (fault) {
    if (tier !== 'kernel' || !(fault instanceof WorkerRefused)) throw fault;
    const chunk = (await platform.importChunk(MAIN_THREAD_NAME)) as { startOnMainThread: () => WorkerLike };
    return WorkerLine.start(chunk.startOnMainThread);
  }
}

/** Told to whoever awaits it. */
function unheard(): void {}
