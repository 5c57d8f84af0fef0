/** Session state: a bounded buffer of events in this tab, kept over a navigation in sessionStorage, or in memory alone. */

import type { Event, EventInput } from './event';

/** Most events held; the longest feature spec reads 256, the rest is room for impressions. */
export const BUFFER_MOST = 512;
/** A session ends after this long without an event. */
export const SESSION_IDLE_MS = 30 * 60 * 1000;
export const SESSION_KEY = 'intently-session-1';

export type SessionStorageLike = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** All that is remembered of a session. */
export interface SessionState {
  readonly started_ms: number;
  readonly last_ms: number;
  readonly events: readonly Event[];
  /** Events pushed out of the buffer. */
  readonly dropped: number;
  /** Item in view, null for none. */
  readonly viewing: number | null;
  /** Items in the cart, each once. */
  readonly cart: readonly number[];
}

function emptyState(now: number): SessionState {
  return { started_ms: now, last_ms: now, events: [], dropped: 0, viewing: null, cart: [] };
}

/** An impression is no act: it neither ends the dwell before it nor displaces an act from the buffer. */
function isAct(event: Event): boolean {
  return event.type !== 'view_item_list';
}

export class Session {
  private held: SessionState;

  /** Take up the tab's session, or begin one. `now` gives ms since 1970; `storage` null keeps all in memory. */
  constructor(
    private readonly now: () => number,
    private readonly storage: SessionStorageLike | null,
  ) {
    this.held = restored(storage, now()) ?? emptyState(now());
  }

  get state(): SessionState {
    return this.held;
  }

  /** Append what happened; returns the event with its time. Ends an idle session first. */
  record(input: EventInput): Event {
    this.expire();
    const now = this.now();
    const event: Event = {
      type: input.type,
      item: input.item,
      time_ms: Math.max(0, now - this.held.started_ms),
      dwell_ms: 0,
    };
    const { events, dropped } = bounded([...this.held.events, event], this.held.dropped);
    this.change({ ...this.held, last_ms: now, events, dropped, ...consequences(this.held, event) });
    return event;
  }

  /** Visible time on the last act's item, in ms. */
  setDwell(dwell_ms: number): void {
    const at = this.held.events.findLastIndex(isAct);
    const event = this.held.events[at];
    if (event === undefined || event.dwell_ms === dwell_ms) return;
    const events = this.held.events.with(at, { ...event, dwell_ms: Math.max(0, Math.round(dwell_ms)) });
    this.held = { ...this.held, events };
  }

  setViewing(viewing: number | null): void {
    this.change({ ...this.held, viewing });
  }

  setCart(cart: readonly number[]): void {
    this.change({ ...this.held, cart: [...new Set(cart)] });
  }

  /** Empty everything. */
  forget(): void {
    this.held = emptyState(this.now());
    attempt(() => this.storage?.removeItem(SESSION_KEY));
  }

  /** Write to the tab's storage; a refusal is no fault. */
  save(): void {
    attempt(() => this.storage?.setItem(SESSION_KEY, JSON.stringify(this.held)));
  }

  private expire(): void {
    if (this.now() - this.held.last_ms > SESSION_IDLE_MS)
      this.held = { ...emptyState(this.now()), cart: this.held.cart };
  }

  private change(state: SessionState): void {
    this.held = state;
    this.save();
  }
}

/** What an event says about the item in view and the cart. */
function consequences(state: SessionState, event: Event): Pick<SessionState, 'viewing' | 'cart'> {
  const without = state.cart.filter((item) => item !== event.item);
  switch (event.type) {
    case 'view_item':
      return { viewing: event.item, cart: state.cart };
    case 'add_to_cart':
      return { viewing: state.viewing, cart: [...without, event.item] };
    case 'remove_from_cart':
    case 'purchase':
      return { viewing: state.viewing, cart: without };
    default:
      return { viewing: state.viewing, cart: state.cart };
  }
}

/** The newest `BUFFER_MOST` events; impressions go before acts. */
function bounded(events: readonly Event[], dropped: number): { events: readonly Event[]; dropped: number } {
  if (events.length <= BUFFER_MOST) return { events, dropped };
  const impression = events.findIndex((event) => !isAct(event));
  return { events: events.toSpliced(Math.max(0, impression), 1), dropped: dropped + 1 };
}

function restored(storage: SessionStorageLike | null, now: number): SessionState | null {
  const text = attempt(() => storage?.getItem(SESSION_KEY));
  if (!text) return null;
  const state = attempt(() => JSON.parse(text) as SessionState);
  if (!state || !isState(state) || now - state.last_ms > SESSION_IDLE_MS || now < state.started_ms) return null;
  return state;
}

/** Storage can be edited by anything on the page: what does not look like a session is none. */
function isState(state: SessionState): boolean {
  const whole = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
  return (
    [state.started_ms, state.last_ms, state.dropped].every(whole) &&
    (state.viewing === null || whole(state.viewing)) &&
    Array.isArray(state.cart) &&
    state.cart.every(whole) &&
    Array.isArray(state.events) &&
    state.events.length <= BUFFER_MOST &&
    state.events.every((e) => typeof e.type === 'string' && [e.item, e.time_ms, e.dwell_ms].every(whole))
  );
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
