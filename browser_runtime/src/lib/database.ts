/** The two IndexedDB databases: the last good signed files, by release key; and the client's ledger, one for each shop and origin. */

import { type DBSchema, type IDBPDatabase, wrap } from 'idb';
import type { Slot } from '../reports/slot';
import type { HeldRecord } from '../updates/store';

interface FilesSchema extends DBSchema {
  /** The last good manifest and release, under the key `HELD_KEY`. */
  held: { key: string; value: HeldRecord };
}

interface LedgerSchema extends DBSchema {
  /** One for each epoch that this browser took part in, by the epoch's start in ms. */
  slots: { key: number; value: Slot };
}

export type FilesDatabase = IDBPDatabase<FilesSchema>;
export type LedgerDatabase = IDBPDatabase<LedgerSchema>;

const DATABASE_VERSION = 1;
/** A browser that never answers `open` must not hold the page's recommendations back, ms. */
const OPEN_LIMIT_MS = 3000;

/** Null where storage is refused. The name holds the pinned key: another key signs other files. */
export function openFiles(factory: IDBFactory | null, shop: string, releaseKey: string): Promise<FilesDatabase | null> {
  const name = `intently-files-${shop}-${releaseKey.slice(0, 16)}`;
  return open<FilesSchema>(factory, name, (made) => made.createObjectStore('held'));
}

/** Null where storage is refused. What was spent stays spent, whichever key signs and whichever build runs. */
export function openLedger(factory: IDBFactory | null, shop: string): Promise<LedgerDatabase | null> {
  const create = (made: IDBDatabase): unknown => made.createObjectStore('slots', { keyPath: 'starts_ms' });
  return open<LedgerSchema>(factory, ledgerName(shop), create);
}

/** Whether there is a ledger from earlier; false also where the browser does not say. Nothing is made by asking. */
export async function hasLedger(factory: IDBFactory | null, shop: string): Promise<boolean> {
  try {
    return ((await factory?.databases()) ?? []).some(({ name }) => name === ledgerName(shop));
  } catch {
    return false;
  }
}

function ledgerName(shop: string): string {
  return `intently-reports-${shop}`;
}

async function open<S extends DBSchema>(
  factory: IDBFactory | null,
  name: string,
  create: (made: IDBDatabase) => unknown,
): Promise<IDBPDatabase<S> | null> {
  if (factory === null) return null;
  try {
    return await Promise.race([opened<S>(factory, name, create), refusedAfter(OPEN_LIMIT_MS)]);
  } catch {
    return null;
  }
}

async function opened<S extends DBSchema>(
  factory: IDBFactory,
  name: string,
  create: (made: IDBDatabase) => unknown,
): Promise<IDBPDatabase<S>> {
  const request = factory.open(name, DATABASE_VERSION);
  request.onupgradeneeded = () => create(request.result);
  const database = (await wrap(request)) as unknown as IDBPDatabase<S>;
  request.result.addEventListener('versionchange', () => request.result.close());
  return database;
}

function refusedAfter(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null));
}
