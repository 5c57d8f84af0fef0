import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HardFilters, rankCandidates } from '../src/ranker';

const item = fc.integer({ min: 1, max: 40 });
const filters: fc.Arbitrary<HardFilters> = fc.record({
  unavailable: fc.array(item).map((items) => new Set(items)),
  viewing: fc.option(item),
  cart: fc.array(item, { maxLength: 5 }),
  exclude: fc.array(item, { maxLength: 5 }),
});
const score = fc.oneof(fc.float({ noNaN: false }), fc.constantFrom(0, 1, -1));
const scored = fc.array(fc.tuple(item, score), { maxLength: 60 });

function hidden({ unavailable, viewing, cart, exclude }: HardFilters): Set<number> {
  return new Set([...unavailable, ...cart, ...exclude, ...(viewing === null ? [] : [viewing])]);
}

test('a filtered item is never shown, in either tier', () => {
  fc.assert(
    fc.property(scored, filters, fc.integer({ min: 0, max: 50 }), fc.boolean(), (pairs, filter, count, model) => {
      const candidates = pairs.map(([one]) => one);
      const { items, scores } = rankCandidates(candidates, model ? pairs.map(([, s]) => s) : null, filter, count);
      const not = hidden(filter);
      expect(items.every((one) => candidates.includes(one) && !not.has(one))).toBe(true);
      expect(new Set(items).size).toBe(items.length);
      const showable = new Set(candidates.filter((one) => !not.has(one)));
      expect(items.length).toBe(Math.min(count, showable.size));
      expect(scores.length).toBe(model ? items.length : 0);
    }),
    { numRuns: 500 },
  );
});

const NONE = { unavailable: new Set<number>(), viewing: null, cart: [], exclude: [] };

test('score descending, then catalogue index ascending', () => {
  expect(rankCandidates([9, 4, 7, 2], [1, 3, 3, 0], NONE).items).toEqual([4, 7, 9, 2]);
  expect(rankCandidates([9, 4, 7], [Number.NaN, -1e30, Number.NEGATIVE_INFINITY], NONE).items).toEqual([4, 7, 9]);
});

test('without scores the order given is kept', () => {
  expect(rankCandidates([9, 4, 7, 4], null, { ...NONE, viewing: 9 }).items).toEqual([4, 7]);
});

test('the filters come last: the best item is replaced, not the list shortened', () => {
  const list = rankCandidates([1, 2, 3], [3, 2, 1], { ...NONE, unavailable: new Set([1]) }, 2);
  expect(list).toEqual({ items: [2, 3], scores: [2, 1] });
});
