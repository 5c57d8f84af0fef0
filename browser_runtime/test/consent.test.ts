import { afterEach, expect, test } from 'vitest';
import { SESSION_KEY } from '../../tracker/src/session';
import type { Consent, Intently, Platform } from '../src/api';
import { PINNED } from '../src/constants';
import { Emitter } from '../src/lib/emitter';
import { FirstCalm } from '../src/lib/idle';
import { startRuntime } from '../src/runtime';

const OFF: Consent = { personalize: false, reports: false };
const open: Intently[] = [];

class Shelf {
  readonly text = new Map<string, string>();
  getItem = (key: string): string | null => this.text.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.text.set(key, value);
  removeItem = (key: string): void => void this.text.delete(key);
}

function page(platform: Partial<Platform>, consent?: Consent): Intently {
  const options = {
    root: null,
    baseUrl: 'https://shop.test/intently',
    ...(consent === undefined ? {} : { consent }),
    platform: { indexedDB: null, caches: null, sessionStorage: null, localStorage: null, ...platform },
  };
  const intently = startRuntime(options, PINNED, new Emitter(), new FirstCalm());
  open.push(intently);
  return intently;
}

/** vitest runs without a window: the runtime listens on whatever global target there is. */
function heard(type: string, key?: string): void {
  for (const listener of listeners.get(type) ?? []) listener({ type, key } as never);
}

const listeners = new Map<string, Set<(event: Event) => void>>();
Object.assign(globalThis, {
  addEventListener: (type: string, listener: (event: Event) => void) =>
    listeners.set(type, (listeners.get(type) ?? new Set()).add(listener)),
  removeEventListener: (type: string, listener: (event: Event) => void) => listeners.get(type)?.delete(listener),
});

afterEach(() => {
  for (const intently of open.splice(0)) intently.dispose();
});

test('a choice outlives the page, and can only take away from what the shop allows', () => {
  const localStorage = new Shelf();
  page({ localStorage }).setConsent({ personalize: true, reports: false });
  expect(page({ localStorage }).snapshot().consent).toEqual({ personalize: true, reports: false });
  expect(page({ localStorage }, OFF).snapshot().consent).toEqual(OFF);
  page({ localStorage }).setConsent({ personalize: true, reports: true });
  expect(page({ localStorage }, OFF).snapshot().consent).toEqual(OFF);
  localStorage.text.forEach((_, key) => {
    localStorage.text.set(key, 'no choice');
  });
  expect(page({ localStorage }).snapshot().consent).toEqual({ personalize: true, reports: true });
});

test('other open tabs follow, and a page that comes back from the history', () => {
  const localStorage = new Shelf();
  const [one, other] = [page({ localStorage }), page({ localStorage })];
  one.setConsent(OFF);
  const [key] = [...localStorage.text.keys()];
  heard('storage', 'of the shop');
  expect(other.snapshot().consent).toEqual({ personalize: true, reports: true });
  heard('storage', key);
  expect(other.snapshot().consent).toEqual(OFF);
  one.setConsent({ personalize: true, reports: false });
  heard('pageshow');
  expect(other.snapshot().consent).toEqual({ personalize: true, reports: false });
  expect(listeners.get('storage')?.size).toBe(2);
  other.dispose();
  expect(listeners.get('storage')?.size).toBe(1);
});

test('without personalizing nothing of the session is written, and an earlier page leaves none behind', () => {
  const sessionStorage = new Shelf();
  const first = page({ sessionStorage });
  first.record({ type: 'view_item', item: 4 });
  expect(sessionStorage.text.has(SESSION_KEY)).toBe(true);
  const second = page({ sessionStorage }, OFF);
  expect([...sessionStorage.text.keys()]).toEqual([]);
  second.setViewing(5);
  second.setCart([6]);
  second.record({ type: 'view_item', item: 7 });
  expect(second.snapshot().events).toEqual([]);
  expect([...sessionStorage.text.keys()]).toEqual([]);
  first.setConsent(OFF);
  first.setCart([6]);
  expect([...sessionStorage.text.keys()]).toEqual([]);
});

test('storage that refuses is no fault of the page', () => {
  const localStorage = {
    getItem: () => { throw new Error('denied'); },
    setItem: () => { throw new Error('denied'); },
  }; // biome-ignore format: one line reads better
  const intently = page({ localStorage });
  intently.setConsent(OFF);
  expect(intently.snapshot().consent).toEqual(OFF);
});
