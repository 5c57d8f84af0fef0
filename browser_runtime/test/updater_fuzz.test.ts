/** Whatever a server sends in place of a set of signed files: refused, and the set before stays whole. */

import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_RULES } from '../src/ranking/rules';
import { casesOf } from './vectors';
import { makeKeys, World } from './world';

const DAMAGE = fc.record({
  how: fc.constantFrom('cut', 'flip', 'grow', 'empty', 'other'),
  where: fc.nat(),
  bit: fc.nat(7),
});

function damaged(whole: Uint8Array<ArrayBuffer>, { how, where, bit }: { how: string; where: number; bit: number }) {
  const at = where % whole.length;
  if (how === 'cut') return whole.slice(0, at);
  if (how === 'empty') return new Uint8Array(0);
  if (how === 'other') return new TextEncoder().encode('{"signatures":[],"payload":"","payloadType":"x"}');
  if (how === 'grow') {
    const longer = new Uint8Array(whole.length + 1 + (where % 2_000_000));
    longer.set(whole);
    return longer;
  }
  const flipped = whole.slice();
  flipped[at] = (whole[at] as number) ^ (1 << bit);
  return flipped;
}

test('a damaged manifest, release, configuration, spec, pool or catalogue: the set before stays', async () => {
  await makeKeys();
  const world = new World();
  const columns = casesOf<{ file: string }>('columns');
  const publish = async (version: number): Promise<void> => {
    const file = new Uint8Array(Buffer.from(columns[version]?.file as string, 'hex'));
    await world.publish(version, {}, {
      version, columns: await world.put(file), configuration: await world.put({ poll_s: 5 + version, ranking: NO_RULES, tokens: null }),
      feature_spec: await world.put({ version: 1, length: 4 + version, event_types: ['view_item'], inputs: [{ name: 'item', items: 2 }] }),
    }); // biome-ignore format: one line reads better
  };
  await publish(1);
  const page = await world.page();
  const before = page.held;
  expect(before?.listed.size).toBe(3);
  const [highest, releaseBytes] = [Reflect.get(page, 'highest'), Reflect.get(page, 'releaseBytes')];
  const old = new Set(world.files.keys());
  await publish(2);
  const good = new Map(world.files);
  const names = ['manifest.json', ...[...good.keys()].filter((name) => !old.has(name))];
  expect(names.length).toBe(6);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), DAMAGE, async (name, damage) => {
      world.files.set(name, damaged(good.get(name) as Uint8Array<ArrayBuffer>, damage));
      await page.poll();
      world.files.set(name, good.get(name) as Uint8Array<ArrayBuffer>);
      if (page.held === before) refused++;
      // Taken all the same: bits of the envelope that nobody signs, such as the last ones of base64.
      else expect([name, page.held?.manifest.version]).toEqual(['manifest.json', 2]);
      Object.assign(page, { held: before, highest, releaseBytes });
    }),
    { numRuns: 300 },
  );
  expect(refused).toBeGreaterThan(250);
}, 60_000);
