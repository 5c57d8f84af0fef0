import 'fake-indexeddb/auto';
import { beforeAll, expect, test } from 'vitest';
import type { FileRef } from '../../contracts/types';
import { sha256Hex, toHex } from '../src/lib/bytes';
import { openFiles } from '../src/lib/database';
import { NO_RULES } from '../src/ranking/rules';
import { MANIFEST_TYPE, preAuthenticationEncoding, RELEASE_TYPE } from '../src/updates/envelope';
import { Updater } from '../src/updates/updater';

const NOW_S = 1_000_000;
const BASE = 'https://shop.test/intently/';
let releaseKey: CryptoKeyPair;
let poolKey: CryptoKeyPair;
let otherKey: CryptoKeyPair;

beforeAll(async () => {
  const make = async (): Promise<CryptoKeyPair> =>
    (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
  [releaseKey, poolKey, otherKey] = [await make(), await make(), await make()];
});

async function publicHex(pair: CryptoKeyPair): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
}

const encode = (document: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(document)) as Uint8Array<ArrayBuffer>;

async function signed(type: string, document: unknown, pair: CryptoKeyPair): Promise<Uint8Array<ArrayBuffer>> {
  const payload = encode(document);
  const sig = await crypto.subtle.sign('Ed25519', pair.privateKey, preAuthenticationEncoding(type, payload));
  const keyid = await sha256Hex(await crypto.subtle.exportKey('raw', pair.publicKey));
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return encode({
    payloadType: type,
    payload: base64(payload),
    signatures: [{ keyid, sig: base64(new Uint8Array(sig)) }],
  });
}

/** A shop's server in memory, and one browser that polls it. */
class World {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly asked: { url: string; init: RequestInit }[] = [];
  readonly states: [string, string][] = [];
  online = true;
  caches: CacheStorage | null = null;
  private readonly name = `updater-${Math.random()}`;

  async put(document: unknown): Promise<FileRef> {
    const bytes = document instanceof Uint8Array ? (document as Uint8Array<ArrayBuffer>) : encode(document);
    const sha256 = await sha256Hex(bytes);
    this.files.set(`files/${sha256}.json`, bytes);
    return { path: `files/${sha256}.json`, sha256, bytes: bytes.length };
  }

  async publish(
    version: number,
    changes: Record<string, unknown> = {},
    release: Record<string, unknown> = {},
    signer = poolKey,
  ): Promise<void> {
    const document = {
      type: 'release', version: 1, shop: 'test', demo: false, issued: 0, expires: NOW_S + 100,
      roles: { release: await publicHex(releaseKey), pool: await publicHex(poolKey), ledger: '' },
      hpke_keys: [], configuration: await this.put({ poll_s: 5, ranking: NO_RULES, tokens: null }), model: await this.put({}), base_pool: await this.put({}),
      feature_spec: await this.put({ version: 1, length: 4, event_types: ['view_item'], inputs: [{ name: 'item', items: 9 }] }),
      catalogue: await this.put({ categories: [], items: [] }), markets: [], ...release,
    }; // biome-ignore format: one line reads better
    const manifest = {
      type: 'manifest', version, shop: 'test', demo: false, issued: 0, expires: NOW_S + 50,
      release: await this.put(await signed(RELEASE_TYPE, document, releaseKey)),
      pool: await this.put({ items: [{ item: version }] }), availability: { issued: 0, unavailable: [7], banned: [] }, ...changes,
    }; // biome-ignore format: one line reads better
    this.files.set('manifest.json', await signed(MANIFEST_TYPE, manifest, signer));
  }

  async page(): Promise<Updater> {
    const database = await openFiles(indexedDB, this.name, 'ab'.repeat(32));
    const updater = new Updater({
      platform: {
        now: () => NOW_S * 1000,
        fetch: (url: string, init: RequestInit = {}) => this.answer(url, init),
        caches: this.caches,
      } as never,
      pinned: { releaseKey: await publicHex(releaseKey), shop: 'test', demo: false, version: '0' },
      base: BASE,
      database,
      market: '',
      onHeld: () => {},
      onState: (state, note) => this.states.push([state, note]),
    });
    await updater.restore();
    await updater.poll();
    return updater;
  }

  private async answer(url: string, init: RequestInit): Promise<Response> {
    if (!this.online) throw new TypeError('offline');
    this.asked.push({ url, init });
    const file = this.files.get(url.replace(BASE, ''));
    if (file === undefined) return new Response(null, { status: 404 });
    return new Response(file);
  }
}

test('a newer manifest is taken whole; asking carries nothing of what is held', async () => {
  const world = new World();
  await world.publish(1);
  const page = await world.page();
  expect(page.held?.candidates).toEqual([1]);
  expect(page.held?.manifest.availability.unavailable).toEqual([7]);
  await world.publish(2);
  await page.poll();
  expect(page.held?.candidates).toEqual([2]);
  world.asked.length = 0;
  await page.poll();
  expect(world.asked).toEqual([
    {
      url: `${BASE}manifest.json`,
      init: {
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
        signal: expect.any(AbortSignal),
      },
    },
  ]);
  expect(world.states.at(-1)).toEqual(['current', '']);
});

const BAD: [string, RegExp, (world: World) => Promise<void>][] = [
  ['forged', /forged/, (world) => world.publish(3, {}, {}, otherKey)],
  ['older', /older: got version 1, version 2/, (world) => world.publish(1)],
  ['expired', /manifest: expired/, (world) => world.publish(3, { expires: NOW_S })],
  ['of another shop', /made for shop other/, (world) => world.publish(3, { shop: 'other' })],
  ['a second one of the same version', /two different ones/, (world) => world.publish(2, { issued: 9 })],
  ['a demo', /made for a demo/, (world) => world.publish(3, { demo: true })],
  ['with a release of another shop', /release: made for shop other/, (world) => world.publish(3, {}, { version: 2, shop: 'other' })],
  ['with an expired release', /release: expired/, (world) => world.publish(3, {}, { expires: NOW_S - 1 })],
  ['with a file that has another hash', /has hash/, async (world) => {
    const pool = await world.put({ items: [{ item: 5 }] });
    world.files.set(pool.path, encode({ items: [{ item: 6 }] }));
    await world.publish(3, { pool });
  }],
  ['with a path that marks the visitor', /not named by its hash/, (world) =>
    world.publish(3, { pool: { path: `files/${'a'.repeat(64)}.json`, sha256: 'b'.repeat(64), bytes: 1 } })],
  ['with other content of the same release version', /release: two different ones/, (world) => world.publish(3, {}, { issued: 9 })],
  ['with a malformed pool', /pool: items/, async (world) =>
    world.publish(3, { pool: await world.put({ items: [{ item: 'x' }] }) })],
  ['with a malformed catalogue', /catalogue:/, async (world) =>
    world.publish(3, {}, { version: 2, catalogue: await world.put({ items: 7 }) })],
  ['without a poll time', /poll_s/, async (world) =>
    world.publish(3, {}, { version: 2, configuration: await world.put({}) })],
  ['longer than an envelope may be', /manifest: longer than 1048576/, async (world) =>
    void world.files.set('manifest.json', new Uint8Array(2 ** 20 + 1))],
  ['with a file longer than signed', /longer than 4 bytes/, async (world) =>
    world.publish(3, { pool: { ...(await world.put({ items: [{ item: 5 }] })), bytes: 4 } })],
  ['no JSON', /not JSON/, async (world) => void world.files.set('manifest.json', new Uint8Array([1, 2]))],
  ['truncated', /not JSON/, async (world) => {
    await world.publish(3);
    world.files.set('manifest.json', (world.files.get('manifest.json') as Uint8Array<ArrayBuffer>).slice(0, -9));
  }],
]; // biome-ignore format: a table

test.each(BAD)('a manifest that is %s is refused, and the last good one stays', async (_, words, publish) => {
  const world = new World();
  await world.publish(2);
  const page = await world.page();
  const before = page.held;
  await publish(world);
  await page.poll();
  expect(world.states.at(-1)?.[0]).toBe('refused');
  expect(world.states.at(-1)?.[1]).toMatch(words);
  expect(page.held).toBe(before);
});

test('the highest version is remembered over page loads', async () => {
  const world = new World();
  await world.publish(5);
  await world.page();
  await world.publish(4);
  const next = await world.page();
  expect(world.states.at(-1)?.[1]).toMatch(/older/);
  expect(next.held?.manifest.version).toBe(5);
});

test('one flipped bit of any part of the manifest is refused', async () => {
  const world = new World();
  await world.publish(2);
  const page = await world.page();
  await world.publish(3);
  const good = world.files.get('manifest.json') as Uint8Array<ArrayBuffer>;
  for (let at = 0; at < good.length; at += 23) {
    const bad = good.slice();
    bad[at] = (bad[at] as number) ^ 1;
    world.files.set('manifest.json', bad);
    await page.poll();
    expect(page.held?.manifest.version, `byte ${at}`).toBe(2);
  }
  world.files.set('manifest.json', good);
  await page.poll();
  expect(page.held?.manifest.version).toBe(3);
});

test('a feature spec of a later version leaves the set in force without a model', async () => {
  const world = new World();
  await world.publish(1, {}, { feature_spec: await world.put({ version: 2 }) });
  const page = await world.page();
  expect(page.held?.featureSpec).toBeNull();
  expect(page.held?.candidates).toEqual([1]);
});

test('after a fast-forward a newer release with another pool key begins manifests anew, over page loads', async () => {
  const world = new World();
  await world.publish(1_000_000);
  await world.page();
  const roles = { release: await publicHex(releaseKey), pool: await publicHex(otherKey), ledger: '' };
  await world.publish(3, {}, { version: 2, roles }, otherKey);
  const page = await world.page();
  expect(page.held?.manifest.version).toBe(3);
  expect((await world.page()).held?.manifest.version).toBe(3);
  await world.publish(2, {}, { version: 3, roles }, otherKey); // the same key: the floor stands
  await page.poll();
  expect(world.states.at(-1)?.[1]).toMatch(/older: got version 2, version 3/);
});

test('nothing that no signature vouches for is put into Cache Storage', async () => {
  const world = new World();
  const kept: string[] = [];
  world.caches = {
    open: async () => ({
      match: async () => undefined,
      keys: async () => [],
      put: async (url: string) => void kept.push(url),
    }),
  } as never;
  await world.publish(1, {}, {}, otherKey);
  await world.page();
  expect(kept).toEqual([]);
  await world.publish(1);
  await world.page();
  expect(kept.length).toBe(4);
});
