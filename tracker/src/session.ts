/** Session state of this tab: a bounded buffer of events, kept over a navigation in sessionStorage, or in memory alone. */

import type { Event, EventType } from '../../contracts/types';
import { SAVE_WAIT_MS } from './limits';
import { emptyState, isAct, SESSION_IDLE_MS, type SessionState, withEvents } from './state';
import { decodeState, encodeState } from './stored';

export const SESSION_KEY = 'intently-session-2';

export type SessionStorageLike = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export interface Session {
  readonly state: SessionState;
  /** Append what happened, at `at` or now; returns the event. Ends an idle session first. */
  record(input: { readonly type: EventType; readonly item: number }, at?: number): Event;
  /** Visible time on the last act's item, in ms. */
  setDwell(dwell_ms: number): void;
  setViewing(viewing: number | null): void;
  setCart(cart: readonly number[]): void;
  /** One more of `COUNTED[at]`. */
  count(at: number): void;
  /** Empty everything, in the other tabs too. */
  forget(): void;
  /** Hold another state instead, of a merge; the other tabs know it. */
  replace(state: SessionState): void;
  /** Take up what the tab's storage holds: another page of this tab may have written, or forgotten, since. */
  restore(): void;
  /** Storing is allowed from now on: what is in memory is written; where that is nothing, what is stored is taken up. */
  rejoin(): void;
  /** Write to the tab's storage (a refusal is no fault), and tell the other tabs. */
  save(): void;
  /** Remove what is stored, keep what is in memory. */
  unstore(): void;
}

/**
 * Take up the tab's session, or begin one. `now` gives ms since 1970; `storage` null keeps all in memory, and so does `allowed`
 * while it is false (removing always is allowed); `share` is told what other tabs are to merge, as text.
 */
export function openSession(
  now: () => number,
  storage: SessionStorageLike | null,
  allowed: () => boolean = () => true,
  share: (text: string) => void = () => {},
): Session {
  let held = emptyState(now());
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the tab's storage holds what we hold. */
  let stored = false;

  const set = (parts: Partial<SessionState>): void => {
    held = { ...held, ...parts };
  };
  const quiet = (): void => {
    clearTimeout(timer);
    timer = undefined;
    stored = false;
  };
  const store = (text: string): void => {
    stored = false;
    if (allowed())
      attempt(() => {
        storage?.setItem(SESSION_KEY, text);
        stored = true;
      });
  };
  const save = (): void => {
    const text = encodeState(held);
    quiet();
    store(text);
    share(text);
  };
  const saveSoon = (): void => {
    timer ??= setTimeout(save, SAVE_WAIT_MS);
  };
  const unstore = (): void => {
    quiet();
    attempt(() => storage?.removeItem(SESSION_KEY));
  };

  const restore = (): void => {
    const text = attempt(() => (allowed() ? storage?.getItem(SESSION_KEY) : undefined));
    const state = decodeState(text);
    if (state) held = withEvents(state, now() - state.last_ms > SESSION_IDLE_MS ? [] : state.events);
    else if (text === null && stored) held = emptyState(now());
  };

  restore();
  return {
    get state() {
      return held;
    },
    record({ type, item }, at = now()) {
      // A clock that went back must not reorder what happened, nor make two events one.
      const time = Math.max(at, held.last_ms + (held.events.length && 1));
      const event: Event = { type, item, time_ms: time - held.started_ms, dwell_ms: 0 };
      held = withEvents(held, [...held.events, event], time);
      const without = held.cart.filter((other) => other !== item);
      if (type === 'view_item') set({ viewing: item });
      if (type === 'add_to_cart') set({ cart: [...without, item], cart_ms: time });
      if (type === 'remove_from_cart' || type === 'purchase') set({ cart: without, cart_ms: time });
      (isAct(event) ? save : saveSoon)();
      return held.events.at(-1) as Event;
    },
    setDwell(dwell_ms) {
      const at = held.events.findLastIndex(isAct);
      const event = held.events[at];
      if (event) set({ events: held.events.with(at, { ...event, dwell_ms: Math.round(dwell_ms) }) });
    },
    setViewing(viewing) {
      if (viewing === held.viewing) return;
      set({ viewing });
      saveSoon(); // an act mostly follows, and is saved at once; so is all when the page goes
    },
    setCart(cart) {
      set({ cart: [...new Set(cart)], cart_ms: Math.max(now(), held.cart_ms + 1) });
      save();
    },
    count(at) {
      set({ counts: held.counts.with(at, (held.counts[at] ?? 0) + 1) });
      saveSoon();
    },
    forget() {
      const forgot_ms = Math.max(now(), held.last_ms, held.cart_ms);
      held = { ...emptyState(forgot_ms + 1), forgot_ms };
      share(encodeState(held));
      unstore();
    },
    replace(state) {
      held = state;
      store(encodeState(state));
    },
    restore,
    rejoin() {
      if (held.events.length + held.cart.length > 0) save();
      else restore();
    },
    save,
    unstore,
  };
}

export function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
