/** The giving side: a link that holds the session itself, where it is short enough; else, or where a code is to be typed, ciphertext kept by the server for minutes and given once. */

import type { SessionState } from '../../../tracker/src/state';
import { TransferRefused } from '../lib/errors';
import type { RandomBytes } from '../reports/uniform';
import { newCode, sealParcel, stretch } from './code';
import { toFragment } from './fragment';
import { MOVED_MOST, OFFER_MS, packParcel } from './payload';

/** Longest link that a phone still reads from another screen as a picture, letters. */
export const LINK_MOST = 1200;
/** Events in a link at most; the newest say most. */
const LINK_EVENTS = 64;
export const RECEIVE_PAGE = 'intently-receive.html';

export interface OfferParts {
  readonly shop: string;
  /** Where the bundle is served, absolute, ending in a slash. */
  readonly base: string;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly state: SessionState;
}

export interface Offer {
  /** `link`: no server is in it. `server`: one keeps ciphertext, and gives it once. */
  readonly by: 'link' | 'server';
  readonly url: string;
  /** To type, null for a link. */
  readonly code: string | null;
  readonly expires_ms: number;
}

/** No server. Throws `TransferRefused` if the session is too long for a link. */
export async function offerLink(parts: OfferParts): Promise<Offer> {
  const text = packParcel(parcelOf(parts), LINK_EVENTS);
  const url = `${parts.base}${RECEIVE_PAGE}#1.${await toFragment(text)}`;
  if (url.length > LINK_MOST) throw new TransferRefused('This session is too long for a link.');
  return { by: 'link', url, code: null, expires_ms: parts.now() + OFFER_MS };
}

/** By the shop's server, which gets ciphertext and a name. Throws `TransferRefused`. */
export async function offerCode(parts: OfferParts): Promise<Offer> {
  const code = newCode(parts.randomBytes);
  const { name, key } = await stretch(code, parts.shop);
  const body = await sealParcel(packParcel(parcelOf(parts), MOVED_MOST), key, parts.randomBytes);
  const answer = await parts.fetch(new URL(`/v1/transfers/${name}`, parts.base).href, {
    method: 'PUT', body, credentials: 'omit', referrerPolicy: 'no-referrer', headers: { 'Content-Type': 'application/octet-stream' },
  }); // biome-ignore format: one line reads better
  if (!answer.ok)
    throw new TransferRefused('The shop keeps no sessions for other devices just now. Try again in a minute.');
  return { by: 'server', url: `${parts.base}${RECEIVE_PAGE}#2.${code}`, code, expires_ms: parts.now() + OFFER_MS };
}

function parcelOf({ shop, now, randomBytes, state }: OfferParts): Parameters<typeof packParcel>[0] {
  const nonce = Array.from(randomBytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { shop, made_ms: now(), nonce, state };
}
