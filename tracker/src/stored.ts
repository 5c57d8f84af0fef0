/** A session as text, for the tab's storage and for other tabs: numbers alone. */

import type { Event, EventType } from '../../contracts/types';
import type { Counted } from './event';
import { BUFFER_MOST, type SessionState } from './state';

/** The position is part of the stored form: append only. */
export const EVENT_TYPES: readonly EventType[] = [
  'view_item', 'select_item', 'view_item_list', 'add_to_cart', 'remove_from_cart', 'purchase', 'begin_checkout',
]; // biome-ignore format: one line reads better
/** Happenings that are counted; append only. */
export const COUNTED: readonly Counted[] = ['page_view', 'search', 'click', 'rage_click', 'quick_back'];

/** `started,last,dropped,viewing or 0,cart at,forgot at;cart;counts;events`, an event being `type,item,time,dwell`. */
export function encodeState(state: SessionState): string {
  return [
    [state.started_ms, state.last_ms, state.dropped, state.viewing ?? 0, state.cart_ms, state.forgot_ms],
    state.cart,
    state.counts,
    state.events.flatMap((event) => [EVENT_TYPES.indexOf(event.type), event.item, event.time_ms, event.dwell_ms]),
  ].join(';');
}

/** Storage and channels can be written by anything on the page: what does not look like a session is none. */
export function decodeState(text: unknown): SessionState | null {
  if (typeof text !== 'string' || /[^\d,;]|\d{16}/.test(text)) return null;
  const parts = text.split(';').map((part) => (part ? part.split(',').map(Number) : []));
  const [head, cart, counts, flat] = parts as [number[], number[], number[], number[]];
  if (parts.length !== 4 || head.length !== 6 || counts.length !== COUNTED.length || flat.length % 4) return null;
  const [started_ms, last_ms, dropped, viewing, cart_ms, forgot_ms] = head as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const events: Event[] = [];
  while (flat.length > 0) {
    const [code, item, time_ms, dwell_ms] = flat.splice(0, 4) as [number, number, number, number];
    const type = EVENT_TYPES[code];
    if (
      !type ||
      !item ||
      time_ms < (events.at(-1)?.time_ms ?? 0) ||
      events.push({ type, item, time_ms, dwell_ms }) > BUFFER_MOST
    )
      return null;
  }
  return { started_ms, last_ms, dropped, viewing: viewing || null, cart_ms, forgot_ms, cart, counts, events };
}
