/** The one IndexedDB database: the last good signed files, and the client's ledger. */

import { type DBSchema, type IDBPDatabase, wrap } from 'idb';
import type { Slot } from '../reports/slot';
import type { HeldRecord } from '../updates/store';

export interface Schema extends DBSchema {
  /** The last good manifest and release, under the key `HELD_KEY`. */
  held: { key: string; value: HeldRecord };
  /** One for each epoch that this browser took part in, by the epoch's start in ms. */
  slots: { key: number; value: Slot };
}

export type Database = IDBPDatabase<Schema>;

const DATABASE_VERSION = 1;
/** A browser that never answers `open` must not hold the page's recommendations back, ms. */
const OPEN_LIMIT_MS = 3000;

/** Open or create; null where storage is refused. The name holds the pinned key: another key is another shop. */
export async function openDatabase(
  factory: IDBFactory | null,
  shop: string,
  releaseKey: string,
): Promise<Database | null> {
  if (factory === null) return null;
  try {
    return await Promise.race([
      opened(factory, `intently-${shop}-${releaseKey.slice(0, 16)}`),
      refusedAfter(OPEN_LIMIT_MS),
    ]);
  } catch {
    return null;
  }
}

async function opened(factory: IDBFactory, name: string): Promise<Database> {
  const request = factory.open(name, DATABASE_VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('held');
    request.result.createObjectStore('slots', { keyPath: 'starts_ms' });
  };
  const database = (await wrap(request)) as unknown as Database;
  database.addEventListener('versionchange', () => database.close());
  return database;
}

function refusedAfter(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null));
}
