/** The receiving side: what a link or a code holds, checked; nothing is taken in before the shopper says so. */

import { openSession, type SessionStorageLike } from '../../../tracker/src/session';
import { TransferRefused } from '../lib/errors';
import { meantCode, SEALED_BYTES, stretch, unsealParcel } from './code';
import { fromFragment } from './fragment';
import { OFFER_MS, openParcel, type Parcel, SKEW_MS, takenIn } from './payload';

export interface Receiving {
  readonly shop: string;
  /** Where the bundle is served, absolute, ending in a slash. */
  readonly base: string;
  readonly now: () => number;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly session: SessionStorageLike | null;
  /** Holds the nonces that were taken in, for as long as they could be shown again. */
  readonly local: Pick<Storage, 'getItem' | 'setItem'> | null;
}

/** From the part after `#`. Throws `TransferRefused`. */
export async function parcelFrom(fragment: string, receiving: Receiving): Promise<Parcel> {
  const [, how, rest] = /^#?([12])\.(.+)$/.exec(fragment) ?? [];
  if (how === undefined || rest === undefined) throw new TransferRefused('There is no session in this address.');
  return how === '1' ? opened(await unfolded(rest), receiving) : parcelOfCode(rest, receiving);
}

/** By a typed code. The server gives it once: a second use fails. */
export async function parcelOfCode(typed: string, receiving: Receiving): Promise<Parcel> {
  const { name, key } = await stretch(meantCode(typed), receiving.shop);
  const url = new URL(`/v1/transfers/${name}/take`, receiving.base).href;
  const answer = await receiving.fetch(url, { method: 'POST', credentials: 'omit', referrerPolicy: 'no-referrer' });
  if (answer.status === 404) throw new TransferRefused('This code is unknown, has expired, or has been used already.');
  const sealed = answer.ok ? new Uint8Array(await answer.arrayBuffer()) : new Uint8Array();
  if (sealed.length !== SEALED_BYTES)
    throw new TransferRefused('The shop could not be asked just now. Try again in a minute.');
  return opened(await unsealParcel(sealed, key), receiving);
}

/** The shopper said yes: add it to this tab's session. Returns whether it could be kept for the next page. */
export function take(parcel: Parcel, receiving: Receiving): boolean {
  const now = receiving.now();
  const session = openSession(receiving.now, receiving.session);
  session.replace(takenIn(session.state, parcel, now));
  remember(parcel.nonce, receiving, now);
  return receiving.session !== null;
}

function opened(text: string, receiving: Receiving): Parcel {
  const now = receiving.now();
  return openParcel(text, receiving.shop, now, (nonce) => nonce in used(receiving, now));
}

async function unfolded(rest: string): Promise<string> {
  try {
    return await fromFragment(rest);
  } catch {
    throw new TransferRefused('This is no session, or it was damaged on the way.');
  }
}

const USED_KEY = 'intently-taken-1';

/** Nonces and until when they are remembered. */
function used({ local }: Receiving, now: number): Record<string, number> {
  try {
    const kept = Object.entries(JSON.parse(local?.getItem(USED_KEY) ?? '{}') as Record<string, number>);
    return Object.fromEntries(kept.filter(([, until]) => until > now));
  } catch {
    return {};
  }
}

function remember(nonce: string, receiving: Receiving, now: number): void {
  try {
    const all = { ...used(receiving, now), [nonce]: now + OFFER_MS + 2 * SKEW_MS };
    receiving.local?.setItem(USED_KEY, JSON.stringify(all));
  } catch {
    // Refused: then the expiry alone holds.
  }
}
