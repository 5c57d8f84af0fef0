/**
 * What is remembered of a session, and how two tabs' memories become one. Pure.
 *
 * A state is a set of facts that only grows, until it is forgotten: `merge` is commutative and idempotent, and tabs that have told
 * each other all they hold hold the same, in whatever order they heard it. An event is known by its time, type and item, so nothing
 * that names a tab or a browser is needed.
 */

import type { Event } from '../../contracts/types';
import type { Counted } from './event';

/** Most events held; the longest feature spec reads 256, the rest is room for impressions. */
export const BUFFER_MOST = 512;
/** A session ends after this long without an event. */
export const SESSION_IDLE_MS = 30 * 60 * 1000;

export type Counts = Readonly<Partial<Record<Counted, number>>>;

export interface SessionState {
  /** When the first event held happened (none: `last_ms`), ms since 1970. */
  readonly started_ms: number;
  readonly last_ms: number;
  /** Oldest first; no two happened in the same millisecond of a tab. */
  readonly events: readonly Event[];
  /** Events pushed out of the buffer. With several tabs at work at once a lower bound. */
  readonly dropped: number;
  /** Item that this tab shows, null for none; each tab has its own. */
  readonly viewing: number | null;
  /** Items in the cart, each once, and when that was last said. */
  readonly cart: readonly number[];
  readonly cart_ms: number;
  /** Nothing up to then is remembered. */
  readonly forgot_ms: number;
  /** What happened on this tab's pages without being about an item. */
  readonly counts: Counts;
}

export function emptyState(now: number): SessionState {
  return { started_ms: now, last_ms: now, events: [], dropped: 0, viewing: null, cart: [], cart_ms: 0, forgot_ms: 0, counts: {} };
}

/** An impression is no act: it neither ends the dwell before it nor displaces an act from the buffer. */
export function isAct({ type }: Pick<Event, 'type'>): boolean {
  return type !== 'view_item_list';
}

/** The state with other events, in order: bounded, and without what lies before an idle gap. */
export function withEvents(state: SessionState, events: readonly Event[], last_ms = state.last_ms): SessionState {
  const gap = events.findLastIndex(({ time_ms }, at) => time_ms - (events[at - 1]?.time_ms ?? time_ms) > SESSION_IDLE_MS);
  if (gap > 0) return withEvents({ ...state, dropped: 0, counts: {} }, events.slice(gap), last_ms);
  let excess = events.length - BUFFER_MOST;
  // Impressions go before acts, whatever their age; of acts the oldest.
  const kept = events.filter((event) => isAct(event) || excess-- <= 0).slice(-BUFFER_MOST);
  const first = kept[0]?.time_ms ?? last_ms - state.started_ms;
  return {
    ...state,
    started_ms: state.started_ms + first,
    last_ms,
    events: kept.map((event) => ({ ...event, time_ms: event.time_ms - first })),
    dropped: state.dropped + events.length - kept.length,
  };
}

/** Everything that either state knows. `viewing` and `counts` are `mine`'s. */
export function merge(mine: SessionState, theirs: SessionState): SessionState {
  const both = [mine, theirs];
  const forgot_ms = Math.max(...both.map((state) => state.forgot_ms));
  const facts = new Map<string, Event>();
  for (const { events, started_ms } of both) {
    for (const event of events) {
      const time_ms = started_ms + event.time_ms;
      const key = `${time_ms} ${event.type} ${event.item}`;
      const dwell_ms = Math.max(event.dwell_ms, facts.get(key)?.dwell_ms ?? 0);
      if (time_ms > forgot_ms) facts.set(key, { ...event, time_ms, dwell_ms });
    }
  }
  const order = [...facts].sort(([a, one], [b, other]) => one.time_ms - other.time_ms || (a < b ? -1 : 1));
  const [newer] = both.sort((a, b) => b.cart_ms - a.cart_ms || (`${a.cart}` < `${b.cart}` ? 1 : -1)) as [SessionState];
  const { cart, cart_ms } = newer.cart_ms > forgot_ms ? newer : emptyState(0);
  const merged = withEvents(
    { ...(mine.last_ms > forgot_ms ? mine : emptyState(0)), viewing: mine.viewing, started_ms: 0, forgot_ms, cart, cart_ms },
    order.map(([, event]) => event),
    Math.max(...both.map(({ last_ms }) => last_ms), forgot_ms),
  );
  // What is pushed out here was counted by the tab that told of it.
  return { ...merged, dropped: Math.max(...both.map((state) => (state.last_ms > forgot_ms ? state.dropped : 0))) };
}
