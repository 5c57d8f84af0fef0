/** The last good manifest and release, with the highest versions seen, over page loads. */

import type { FilesDatabase } from '../lib/database';
import { type Highest, NONE_HELD } from './accept';

export interface HeldRecord {
  /** Envelopes as served. */
  readonly manifest: Uint8Array<ArrayBuffer>;
  readonly release: Uint8Array<ArrayBuffer>;
  readonly highest: Highest;
}

const HELD_KEY = 'last-good';

export async function readHeld(database: FilesDatabase | null): Promise<HeldRecord | null> {
  try {
    return (await database?.get('held', HELD_KEY)) ?? null;
  } catch {
    return null;
  }
}

/** Keep `record` unless another tab already holds a higher version. */
export async function writeHeld(database: FilesDatabase | null, record: HeldRecord): Promise<void> {
  if (database === null) return;
  try {
    const act = database.transaction('held', 'readwrite');
    const held = (await act.store.get(HELD_KEY))?.highest ?? NONE_HELD;
    const { release, manifest, pool_key } = record.highest;
    const anew = release > held.release && pool_key !== held.pool_key;
    const rises = anew || (manifest >= held.manifest && release >= held.release);
    if (rises) await act.store.put(record, HELD_KEY);
    await act.done;
  } catch {
    // Refused storage: the set is held in memory.
  }
}
