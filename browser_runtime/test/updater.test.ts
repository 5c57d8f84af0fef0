import 'fake-indexeddb/auto';
import { beforeAll, expect, test, vi } from 'vitest';
import { BASE, encode, makeKeys, NOW_S, otherKey, publicHex, releaseKey, World } from './world';

beforeAll(makeKeys);

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
  await vi.waitFor(() => expect(kept.length).toBe(4), 10_000);
});

test('a poll does not wait until what it fetched is written: the next call asks again', async () => {
  const world = new World();
  world.caches = {
    open: async () => ({ match: async () => undefined, keys: async () => [], put: () => new Promise(() => {}) }),
  } as never;
  await world.publish(1);
  const page = await world.page();
  void page.poll();
  await vi.waitFor(() => expect(world.asked.filter(({ url }) => url.endsWith('manifest.json')).length).toBe(2), 10_000);
});
