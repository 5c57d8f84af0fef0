import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSession } from '../../tracker/src/session';
import { BUFFER_MOST, emptyState, type SessionState } from '../../tracker/src/state';
import { TransferRefused } from '../src/lib/errors';
import { meantCode, newCode, SEALED_BYTES, sealParcel, stretch, unsealParcel } from '../src/transfer/code';
import { fromFragment, toFragment } from '../src/transfer/fragment';
import { LINK_MOST, offerCode, offerLink } from '../src/transfer/offer';
import { MOVED_MOST, OFFER_MS, openParcel, packParcel, SKEW_MS, takenIn } from '../src/transfer/payload';
import { parcelFrom, parcelOfCode, take } from '../src/transfer/receive';

const NOW = 1_700_000_000_000;
const NONCE = '0123456789abcdef0123456789abcdef';
/** A code is stretched by 600,000 rounds, and a test machine may be busy. */
const STRETCHING_MS = 60_000;
const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));

function sessionOf(items: readonly number[], now = NOW, gap = 5000): SessionState {
  let time = now - gap * items.length;
  const session = openSession(() => time, null);
  for (const item of items) {
    time += gap;
    session.record({ type: 'view_item', item });
  }
  return session.state;
}

class Shelf {
  readonly text = new Map<string, string>();
  getItem = (key: string): string | null => this.text.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.text.set(key, value);
  removeItem = (key: string): void => void this.text.delete(key);
}

/** A server as the real one is, and everything that it ever saw. */
class Server {
  readonly kept = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly seen: string[] = [];
  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const body = init.body as Uint8Array<ArrayBuffer> | undefined;
    this.seen.push(`${init.method} ${url} ${body ? new TextDecoder('latin1').decode(body) : ''}`);
    const [, name = '', takes] = /transfers\/([0-9a-f]{32})(\/take)?$/.exec(url) ?? [];
    if (init.method === 'PUT' && body) {
      this.kept.set(name, body);
      return new Response(null, { status: 201 });
    }
    const sealed = this.kept.get(name);
    this.kept.delete(name);
    return sealed && takes ? new Response(sealed) : new Response(null, { status: 404 });
  };
}

function sides(state: SessionState, server = new Server(), now = NOW) {
  const common = { shop: 'shop', base: 'https://shop.test/intently/', now: () => now, fetch: server.fetch };
  return {
    server,
    giver: { ...common, randomBytes: random, state },
    taker: { ...common, session: new Shelf(), local: new Shelf() },
  };
}

const refused = (act: () => unknown) => expect(act).toThrow(TransferRefused);
const items = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 40 });

test('by a link: no server is asked, and the other device holds the same events', async () => {
  const { giver, taker, server } = sides(sessionOf([3, 1, 4, 1, 5]));
  const offer = await offerLink(giver);
  expect(offer.url.length).toBeLessThanOrEqual(LINK_MOST);
  const [page, fragment] = offer.url.split('#');
  expect(page).toBe('https://shop.test/intently/intently-receive.html');
  expect(take(await parcelFrom(`#${fragment}`, taker), taker)).toBe(true);
  expect(openSession(() => NOW, taker.session).state.events).toEqual(giver.state.events);
  expect(server.seen).toEqual([]);
});

test(
  'by a code: the server sees a name and ciphertext of one length, neither code, key nor session',
  async () => {
    const { giver, taker, server } = sides(sessionOf([31_415, 92_653]));
    const offer = await offerCode(giver);
    const code = offer.code as string;
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
    take(await parcelOfCode(` ${code.toLowerCase().replaceAll('-', ' ')} `, taker), taker);
    expect(openSession(() => NOW, taker.session).state.events).toEqual(giver.state.events);
    const all = server.seen.join('\n');
    for (const secret of [code, code.replaceAll('-', ''), '31415', 'view_item', NONCE.slice(0, 6)])
      expect(all).not.toContain(secret);
    await expect(parcelOfCode(code, taker)).rejects.toThrow(/used already/);
  },
  STRETCHING_MS,
);

test(
  'a parcel of any session is as long as any other on the wire',
  async () => {
    const { key } = await stretch('0123-4567-89AB', 'shop');
    for (const state of [
      emptyState(NOW),
      sessionOf([1]),
      sessionOf(Array.from({ length: 400 }, (_, n) => 40_000 + n)),
    ]) {
      const text = packParcel({ shop: 'shop', made_ms: NOW, nonce: NONCE, state });
      const sealed = await sealParcel(text, key, random);
      expect(sealed.length).toBe(SEALED_BYTES);
      expect(await unsealParcel(sealed, key)).toBe(text);
      sealed[4000] = (sealed[4000] as number) ^ 1;
      await expect(unsealParcel(sealed, key)).rejects.toThrow(TransferRefused);
    }
  },
  STRETCHING_MS,
);

test('replay, expiry, another shop, another format and damage are refused', async () => {
  const { giver, taker } = sides(sessionOf([7]));
  const fragment = `#${(await offerLink(giver)).url.split('#')[1]}`;
  take(await parcelFrom(fragment, taker), taker);
  await expect(parcelFrom(fragment, taker)).rejects.toThrow(/used already/);
  const late = { ...taker, local: new Shelf(), now: () => NOW + OFFER_MS + SKEW_MS + 1 };
  await expect(parcelFrom(fragment, late)).rejects.toThrow(/expired/);
  await expect(parcelFrom(fragment, { ...late, now: () => NOW - SKEW_MS - 1 })).rejects.toThrow(/expired/);
  await expect(parcelFrom(fragment, { ...taker, local: null, shop: 'other' })).rejects.toThrow(/another shop/);
  await expect(parcelFrom(`${fragment.slice(0, -6)}AAAAAA`, { ...taker, local: null })).rejects.toThrow(
    TransferRefused,
  );
  await expect(parcelFrom('#3.abc', taker)).rejects.toThrow(TransferRefused);
  await expect(parcelFrom('', taker)).rejects.toThrow(TransferRefused);
  for (const text of ['', '[]', 'null', '[1,"shop",1,"x",""]', JSON.stringify([1, 'shop', NOW, NONCE, '1,2,3'])])
    refused(() => openParcel(text, 'shop', NOW, () => false));
});

test('a planted bomb of zeros is not unfolded', async () => {
  await expect(fromFragment(await toFragment('0'.repeat(1_000_000)))).rejects.toThrow(RangeError);
  expect(await fromFragment(await toFragment('äöü 123'))).toBe('äöü 123');
});

test('codes: letters that look alike are taken for what was meant; others are refused', () => {
  expect(meantCode('o1il-0000 00-00')).toBe('011100000000');
  for (const typed of ['', '0123', '0123-4567-89AU', '0123-4567-89AB-C']) refused(() => meantCode(typed));
  expect(new Set(Array.from({ length: 50 }, () => newCode(random))).size).toBe(50);
});

test('whatever is planted, nothing that is here is lost, changed or emptied', () => {
  const planted = fc.record({
    started_ms: fc.nat(2 * NOW), last_ms: fc.nat(2 * NOW), dropped: fc.nat(9999), cart_ms: fc.nat(2 * NOW), forgot_ms: fc.nat(2 * NOW),
    cart: fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 5 }), items: fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: BUFFER_MOST }),
  }); // biome-ignore format: a record
  fc.assert(
    fc.property(
      items,
      planted,
      fc.array(fc.integer({ min: 1, max: 99 }), { maxLength: 4 }),
      (own, { items: theirs, ...state }, cart) => {
        const mine = { ...sessionOf(own), cart, cart_ms: NOW - 1 };
        const events = theirs.map((item, at) => ({ type: 'purchase' as const, item, time_ms: at * 1000, dwell_ms: 0 }));
        const parcel = {
          shop: 'shop',
          made_ms: NOW,
          nonce: NONCE,
          state: { ...state, viewing: null, counts: [9, 9, 9, 9, 9], events },
        };
        const both = takenIn(mine, parcel, NOW);
        const at = (one: SessionState) =>
          one.events.map((event) => `${one.started_ms + event.time_ms} ${event.type} ${event.item} ${event.dwell_ms}`);
        expect(at(both)).toEqual(expect.arrayContaining(at(mine)));
        expect(both.cart.slice(0, new Set(cart).size)).toEqual([...new Set(cart)]);
        expect(both.events.length).toBeLessThanOrEqual(BUFFER_MOST);
        expect(both.events.length).toBeLessThanOrEqual(mine.events.length + MOVED_MOST);
        expect([both.forgot_ms, both.dropped, both.counts]).toEqual([mine.forgot_ms, mine.dropped, mine.counts]);
        expect(both.started_ms + (both.events.at(-1)?.time_ms ?? 0)).toBeLessThanOrEqual(NOW);
      },
    ),
    { numRuns: 200 },
  );
});
