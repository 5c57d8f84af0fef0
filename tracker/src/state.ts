/**
 * What is remembered of a session, and how two tabs' memories become one. Pure.
 *
 * A state is a set of facts that only grows, until it is forgotten: `merge` is commutative and idempotent, and tabs that have told
 * each other all they hold hold the same, in whatever order they heard it. An event is known by its time, type and item, so nothing
 * that names a tab or a browser is needed.
 */

import type { Event } from '../../contracts/types';

/** Most events held; the longest feature spec reads 256, the rest is room for impressions. */
export const BUFFER_MOST = 512;
/** A session ends after this long without an event. */
export const SESSION_IDLE_MS = 30 * 60 * 1000;

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
  /** How often each of `COUNTED` happened in this session, on this tab's pages. */
  readonly counts: readonly number[];
}

export function emptyState(now: number): SessionState {
  return {
    started_ms: now,
    last_ms: now,
    events: [],
    dropped: 0,
    viewing: null,
    cart: [],
    cart_ms: 0,
    forgot_ms: 0,
    counts: [0, 0, 0, 0, 0],
  };
}

/** An impression is no act: it neither ends the dwell before it nor displaces an act from the buffer. */
export function isAct({ type }: Pick<Event, 'type'>): boolean {
  return type !== 'view_item_list';
}

/** The state with other events, in order: bounded, and without what lies before an idle gap. */
export function withEvents(state: SessionState, events: readonly Event[], last_ms = state.last_ms): SessionState {
  const gap = events.findLastIndex((event, at) => event.time_ms - (events[at - 1] ?? event).time_ms > SESSION_IDLE_MS);
  if (gap > 0) return withEvents({ ...state, dropped: 0, counts: emptyState(0).counts }, events.slice(gap), last_ms);
  let excess = events.length - BUFFER_MOST;
  // Impressions go before acts, whatever their age; of acts the oldest.
  const kept = events.filter((event) => isAct(event) || excess-- <= 0).slice(-BUFFER_MOST);
  const first = kept[0]?.time_ms ?? last_ms - state.started_ms;
  return {
    ...state,
    started_ms: state.started_ms + first,
    last_ms,
    events: first ? kept.map((event) => ({ ...event, time_ms: event.time_ms - first })) : kept,
    dropped: state.dropped + events.length - kept.length,
  };
}

/** Everything that either state knows. `viewing` and `counts` are `mine`'s. */
export function merge(mine: SessionState, theirs: SessionState): SessionState {
  const both = [mine, theirs];
  const most = (key: 'forgot_ms' | 'last_ms' | 'dropped'): number => Math.max(mine[key], theirs[key]);
  const forgot_ms = most('forgot_ms');
  const facts = new Map<string, Event>();
  for (const state of both) {
    for (const event of state.events) {
      const time_ms = state.started_ms + event.time_ms;
      const key = `${time_ms} ${event.type} ${event.item}`;
      if (time_ms > forgot_ms && event.dwell_ms > (facts.get(key)?.dwell_ms ?? -1))
        facts.set(key, { ...event, time_ms });
    }
  }
  const events = [...facts.values()].sort(
    (a, b) => a.time_ms - b.time_ms || a.item - b.item || (a.type < b.type ? -1 : 1),
  );
  const [newer] = both.sort((a, b) => b.cart_ms - a.cart_ms || (`${a.cart}` < `${b.cart}` ? 1 : -1)) as [SessionState];
  const empty = emptyState(0);
  const { cart, cart_ms } = newer.cart_ms > forgot_ms ? newer : empty;
  const { counts } = mine.forgot_ms < forgot_ms ? empty : mine;
  const merged = withEvents({ ...mine, started_ms: 0, forgot_ms, cart, cart_ms, counts }, events, most('last_ms'));
  // What is pushed out here was counted by the tab that told of it.
  return { ...merged, dropped: most('dropped') };
}
