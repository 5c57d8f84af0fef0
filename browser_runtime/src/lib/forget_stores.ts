/** "Forget me": everything that this shop's Intently keeps in the browser, gone. */

import type { Platform } from '../api';
import { CACHE_NAME } from '../updates/files';

/** Longest wait for a database that another tab holds open, ms: it is deleted once that tab lets go. */
const DELETE_LIMIT_MS = 2000;

/** Never rejects: what is refused was not kept either. */
export async function forgetStores(browser: Platform, shop: string): Promise<void> {
  for (const storage of [browser.sessionStorage, browser.localStorage] as (Storage | null)[])
    attempt(() => empty(storage));
  await Promise.all([
    browser.caches?.delete(CACHE_NAME).catch(() => false),
    ...(await databases(browser.indexedDB, shop)).map((name) => remove(browser.indexedDB as IDBFactory, name)),
  ]);
}

function empty(storage: Storage | null): void {
  for (const key of Object.keys(storage ?? {})) if (key.startsWith('intently-')) storage?.removeItem(key);
}

async function databases(factory: IDBFactory | null, shop: string): Promise<string[]> {
  try {
    const names = ((await factory?.databases()) ?? []).map(({ name }) => name ?? '');
    return names.filter((name) => name === `intently-reports-${shop}` || name.startsWith(`intently-files-${shop}-`));
  } catch {
    return [];
  }
}

function remove(factory: IDBFactory, name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = factory.deleteDatabase(name);
    request.onsuccess = request.onerror = () => resolve();
    setTimeout(resolve, DELETE_LIMIT_MS);
  });
}

function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // Refused.
  }
}
