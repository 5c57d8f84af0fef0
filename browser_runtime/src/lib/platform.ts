/** The browser's own clock, randomness, network and storage, each absent where refused. */

import type { Platform } from '../api';
import { WORKER_NAMES } from '../constants';
import { systemRandomBytes } from '../reports/uniform';
import { bundleUrl } from './bundle_url';

interface GpcNavigator extends Navigator {
  /** https://w3c.github.io/gpc/ */
  readonly globalPrivacyControl?: boolean;
}

interface DataNavigator extends Navigator {
  /** https://wicg.github.io/savedata/ */
  readonly connection?: { readonly saveData?: boolean };
}

export function browserPlatform(overrides: Partial<Platform> = {}): Platform {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    randomBytes: systemRandomBytes,
    fetch: (url, init) => fetch(url, init),
    sessionStorage: attempt(() => sessionStorage),
    localStorage: attempt(() => localStorage),
    indexedDB: attempt(() => indexedDB),
    caches: attempt(() => caches),
    locks: attempt(() => navigator.locks),
    saveData: () => (globalThis.navigator as DataNavigator | undefined)?.connection?.saveData === true,
    globalPrivacyControl: () => (globalThis.navigator as GpcNavigator | undefined)?.globalPrivacyControl === true,
    openChannel: (name) => (typeof document === 'undefined' ? null : attempt(() => new BroadcastChannel(name))),
    bundleUrl,
    importChunk: (name) => import(/* @vite-ignore */ bundleUrl(name)),
    startWorker: (tier) => new Worker(bundleUrl(WORKER_NAMES[tier]), { type: 'module', name: 'intently' }),
    ...overrides,
  };
}

function attempt<T>(read: () => T): T | null {
  try {
    return read() ?? null;
  } catch {
    return null;
  }
}
