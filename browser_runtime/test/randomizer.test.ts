import { expect, test } from 'vitest';
import type { Collection } from '../../contracts/types';
import { fromHex } from '../src/lib/bytes';
import { checkCollection } from '../src/reports/limits';
import { directionsOf, epsilonMicroOf, messagesOf, modulusOf } from '../src/reports/mechanism';
import { directionAt, pointOf, randomize, supportersOf } from '../src/reports/randomizer';
import { uniformBelow } from '../src/reports/uniform';
import { casesOf } from './vectors';

function collectionOf(domain_size: number, mechanism: Collection['mechanism'], epsilon = 8): Collection {
  return {
    id: 1,
    name: 'c',
    kind: 'item_dwelled',
    domain_size,
    epsilon,
    epsilon_micro: epsilonMicroOf(mechanism),
    mechanism,
    share: 1,
    dwell_ms: 0,
  };
}

/** Gives the bytes of a vector in order, and nothing beyond. */
function bytesInOrder(hex: string): { take: (count: number) => Uint8Array; left: () => number } {
  const bytes = fromHex(hex);
  let at = 0;
  return {
    take(count) {
      if (at + count > bytes.length) throw new Error('the vector has no more bytes');
      at += count;
      return bytes.subarray(at - count, at);
    },
    left: () => bytes.length - at,
  };
}

test('randomizer vectors: the same bytes give the same message, and all are used', () => {
  let replayed = 0;
  for (const { domain_size, mechanism, value, random_hex, message } of casesOf('randomizer')) {
    const bytes = bytesInOrder(random_hex);
    expect(randomize(collectionOf(domain_size, mechanism), value, bytes.take)).toBe(message);
    expect(bytes.left()).toBe(0);
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(198);
});

test('points and directions vectors', () => {
  let replayed = 0;
  for (const { mechanism, directions, points, by_index } of casesOf('points')) {
    expect(directionsOf(mechanism)).toBe(directions);
    for (const { value, point } of points) expect(pointOf(mechanism, value)).toEqual(point);
    for (const { index, direction } of by_index) expect(directionAt(mechanism, index)).toEqual(direction);
    replayed += points.length + by_index.length;
  }
  expect(replayed).toBeGreaterThanOrEqual(100);
});

test('mechanism vectors: epsilon in millionths, rounded up', () => {
  let replayed = 0;
  for (const { mechanism, epsilon_micro } of casesOf('mechanisms')) {
    expect(epsilonMicroOf(mechanism)).toBe(epsilon_micro);
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(35);
});

test('bad vectors fail at their step', () => {
  let replayed = 0;
  for (const { fails_at, why, domain_size, mechanism, value } of casesOf('bad_randomizer')) {
    const collection = collectionOf(domain_size, mechanism);
    if (fails_at === 'mechanism') expect(() => checkCollection(collection), why).toThrow(/configuration refused/);
    else {
      checkCollection(collection);
      expect(() => randomize(collection, value, (n) => new Uint8Array(n)), why).toThrow(RangeError);
    }
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(13);
});

const MECHANISMS: Collection[] = [
  collectionOf(6, { kind: 'k_ary', w: 5, v: 2 }),
  collectionOf(8, { kind: 'affine_point', q: 3, dimension: 2, w: 5, v: 2 }),
  collectionOf(26, { kind: 'affine_point', q: 3, dimension: 3, w: 7, v: 3 }),
  collectionOf(24, { kind: 'affine_point', q: 5, dimension: 2, w: 4, v: 1 }),
];

/** Exact channel: weight of each message for a value, by giving every pair (direction, u) once. */
function channel(collection: Collection, value: number, planted: (u: number) => number = (u) => u): number[] {
  const { w, v } = collection.mechanism;
  const weights = new Array<number>(messagesOf(collection)).fill(0);
  const total = w + v * (modulusOf(collection) - 1);
  for (let direction = 0; direction < directionsOf(collection.mechanism); direction++) {
    for (let u = 0; u < total; u++) {
      const draws = collection.mechanism.kind === 'k_ary' ? [planted(u)] : [direction, planted(u)];
      const message = randomize(collection, value, () => {
        const bytes = new Uint8Array(4);
        new DataView(bytes.buffer).setUint32(0, draws.shift() as number);
        return bytes;
      });
      weights[message] = (weights[message] as number) + 1;
    }
  }
  return weights;
}

function worstRatio(collection: Collection, planted?: (u: number) => number): number {
  const rows = Array.from({ length: collection.domain_size + 1 }, (_, value) => channel(collection, value, planted));
  let worst = 0;
  for (const row of rows)
    for (const other of rows)
      row.forEach((p, at) => {
        worst = Math.max(worst, p / (other[at] as number));
      });
  return worst;
}

test.each(MECHANISMS)('the exact channel of %o has likelihood ratio w : v, no more', (collection) => {
  expect(worstRatio(collection)).toBeCloseTo(collection.mechanism.w / collection.mechanism.v, 12);
});

test('a planted bias of the offset is caught by the exact channel', () => {
  const collection = collectionOf(24, { kind: 'affine_point', q: 5, dimension: 2, w: 8, v: 2 });
  expect(worstRatio(collection)).toBe(4);
  expect(worstRatio(collection, (u) => (u === 15 ? 0 : u))).toBeGreaterThan(4);
});

test('every value has its own point', () => {
  for (const collection of MECHANISMS) {
    const { mechanism } = collection;
    if (mechanism.kind !== 'affine_point') continue;
    const points = new Set(Array.from({ length: collection.domain_size + 1 }, (_, x) => String(pointOf(mechanism, x))));
    expect(points.size).toBe(collection.domain_size + 1);
  }
});

test('supporters of a message are the values for which it is a kept answer', () => {
  const collection = MECHANISMS[2] as Collection;
  const rows = Array.from({ length: collection.domain_size + 1 }, (_, value) => channel(collection, value));
  for (let message = 0; message < messagesOf(collection); message++) {
    const most = rows.filter((row) => row[message] === 7).length;
    expect(supportersOf(collection, message)).toBe(most);
  }
});

test('uniformBelow refuses the bytes that would favour small numbers', () => {
  const draws = [0xff_ff_ff_ff, 0xff_ff_ff_fe, 7];
  const bytes = (): Uint8Array => {
    const four = new Uint8Array(4);
    new DataView(four.buffer).setUint32(0, draws.shift() as number);
    return four;
  };
  expect(uniformBelow(6, bytes)).toBe(1);
  expect(draws).toEqual([]);
  expect(() => uniformBelow(0, bytes)).toThrow(RangeError);
});
