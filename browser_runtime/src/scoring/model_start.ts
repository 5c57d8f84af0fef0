/** Worker, runtime and model, each asked for at once. */

import type { Release } from '../../../contracts/types';
import type { Platform } from '../api';
import { MAIN_THREAD_NAME } from '../constants';
import { withRetries } from '../lib/retries';
import type { Files } from '../updates/files';
import type { WorkerLike } from './messages';
import { type ModelTier, modelBytes } from './model_files';
import { WorkerLine, WorkerRefused } from './worker_line';

type Starts = Pick<Platform, 'bundleUrl' | 'startWorker' | 'importChunk'>;

export interface ModelStart {
  readonly tier: ModelTier;
  readonly line: Promise<WorkerLine>;
  readonly bytes: ReturnType<typeof modelBytes>;
  /** Nobody wants it: the worker is ended. */
  abandon(): void;
}

/** Never throws; each part rejects by itself. */
export function startModel(release: Release, tier: ModelTier, files: Files, platform: Starts): ModelStart {
  const line = lineOf(tier, platform);
  let wanted = true;
  const bytes = withRetries(
    () => modelBytes(release, tier, files, platform),
    () => wanted,
  );
  const unheard = (): void => {}; // told to whoever awaits it
  line.catch(unheard);
  bytes.catch(unheard);
  const abandon = (): void => {
    wanted = false;
    line.then((begun) => begun.end(), unheard);
  };
  return { tier, line, bytes, abandon };
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
