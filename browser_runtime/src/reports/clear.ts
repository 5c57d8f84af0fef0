/** Forgetting sampled values, without the lazy chunk: also where reports are no longer allowed. */

import type { LedgerDatabase } from '../lib/database';
import { droppedOf, type Slot } from './slot';

/** Drop what waits from an epoch that has ended: at each page load, before consent is asked. */
export function clearStale(database: LedgerDatabase, now_ms: number): Promise<void> {
  return dropWhere(database, ({ state, ends_ms }) => state === 'waiting' && ends_ms <= now_ms);
}

/** Reports are not allowed: drop all that waits, and all that is sealed and would be sent (again). */
export function withdraw(database: LedgerDatabase): Promise<void> {
  return dropWhere(database, ({ state }) => state === 'waiting' || state === 'sealed' || state === 'failed');
}

async function dropWhere(database: LedgerDatabase, holds: (slot: Slot) => boolean): Promise<void> {
  const act = database.transaction('slots', 'readwrite');
  for (const slot of (await act.store.getAll()).filter(holds)) await act.store.put(droppedOf(slot));
  await act.done;
}
