/** What moves from one device to the other: the newest events and the cart, as numbers; and which of it may be taken in. Pure. */

import { BUFFER_MOST, emptyState, merge, SESSION_IDLE_MS, type SessionState } from '../../../tracker/src/state';
import { decodeState, encodeState } from '../../../tracker/src/stored';
import { TransferRefused } from '../lib/errors';

/** How long an offer stands, ms. */
export const OFFER_MS = 5 * 60 * 1000;
/** How far two devices' clocks may differ, ms. */
export const SKEW_MS = 60 * 1000;
/** Events that move at most: no model reads more. */
export const MOVED_MOST = 256;
const FORMAT = 1;

export interface Parcel {
  readonly shop: string;
  /** When it was made, ms since 1970 by the giver's clock. */
  readonly made_ms: number;
  /** Drawn for this offer, 32 hexadecimal digits: a parcel is taken in once. */
  readonly nonce: string;
  readonly state: SessionState;
}

export function packParcel({ shop, made_ms, nonce, state }: Parcel, most = MOVED_MOST): string {
  const moved = {
    ...state,
    events: state.events.slice(-most),
    viewing: null,
    dropped: 0,
    forgot_ms: 0,
    counts: emptyState(0).counts,
  };
  return JSON.stringify([FORMAT, shop, made_ms, nonce, encodeState(moved)]);
}

/** Throws `TransferRefused`. `used` says whether this browser has taken a nonce in before. */
export function openParcel(text: string, shop: string, now: number, used: (nonce: string) => boolean): Parcel {
  const [format, from, made_ms, nonce, encoded, ...more] = parsed(text);
  const state = decodeState(encoded);
  if (
    format !== FORMAT ||
    more.length > 0 ||
    state === null ||
    !Number.isSafeInteger(made_ms) ||
    !/^[0-9a-f]{32}$/.test(String(nonce))
  )
    throw new TransferRefused('This is no session, or it was damaged on the way.');
  if (from !== shop) throw new TransferRefused('This session is of another shop.');
  const age = now - (made_ms as number);
  if (age > OFFER_MS + SKEW_MS || age < -SKEW_MS)
    throw new TransferRefused('This code has expired. Show a new one on the other device.');
  if (used(String(nonce))) throw new TransferRefused('This code has been used already.');
  return { shop, made_ms: made_ms as number, nonce: String(nonce), state };
}

function parsed(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/**
 * Both sessions in one. What comes can only add: it cannot forget, push out, outdate or empty what is there, whatever is written in
 * it. Its times are moved so that its last event is no later than now, nor so old that the session would count as ended.
 */
export function takenIn(mine: SessionState, parcel: Parcel, now: number): SessionState {
  const room = Math.max(0, BUFFER_MOST - mine.events.length);
  const events = parcel.state.events.slice(Math.max(0, parcel.state.events.length - Math.min(room, MOVED_MOST)));
  const last = events.at(-1)?.time_ms ?? 0;
  const base = mine.events.length > 0 ? Math.min(now, mine.started_ms + (mine.events.at(-1)?.time_ms ?? 0)) : now;
  const meant = parcel.state.started_ms + last;
  const shift = meant > now || base - meant > SESSION_IDLE_MS / 2 ? base - meant : 0;
  const theirs: SessionState = {
    ...parcel.state,
    started_ms: parcel.state.started_ms + shift,
    last_ms: Math.min(now, meant + shift),
    events,
    dropped: 0,
    forgot_ms: 0,
    cart: [],
    cart_ms: 0,
  };
  const both = merge(mine, theirs);
  const cart = [...new Set([...mine.cart, ...parcel.state.cart])];
  return { ...both, cart, cart_ms: cart.length > mine.cart.length ? Math.max(now, mine.cart_ms + 1) : mine.cart_ms };
}
