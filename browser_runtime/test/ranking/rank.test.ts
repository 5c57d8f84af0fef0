import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { feedbackOf } from '../../src/ranking/feedback';
import { afterDismissal, afterEvent, LISTS_WITHOUT, NOTHING_REMEMBERED } from '../../src/ranking/memory';
import { bestFirst } from '../../src/ranking/order';
import { rank } from '../../src/ranking/rank';
import { NO_RULES } from '../../src/ranking/rules';
import { categoryOf, ITEMS, live, mustNotShow, pinsOf, plain, steps, type World, world } from './world';

const RUNS = { numRuns: 800 };
vi.setConfig({ testTimeout: 60_000 }); // a busy machine is no failure

function wronglyShown(given: World, items: readonly number[]): number[] {
  const pinned = new Set(pinsOf(given).map(({ item }) => item));
  return items.filter((item) => mustNotShow(given, item, pinned.has(item)));
}

test('a filtered item is never shown, in any tier, under any order of events', () => {
  let hidden = 0;
  fc.assert(
    fc.property(world, (given) => {
      const { items, scores, why } = rank(given.input);
      expect(wronglyShown(given, items)).toEqual([]);
      expect(items.every((item) => given.input.candidates.includes(item))).toBe(true);
      expect(new Set(items).size).toBe(items.length);
      expect(items.length).toBeLessThanOrEqual(given.input.count);
      expect(why.length).toBe(items.length);
      expect(scores.length).toBe(given.input.scores === null ? 0 : items.length);
      hidden += given.input.candidates.length - items.length;
    }),
    RUNS,
  );
  expect(hidden, 'the worlds hide something').toBeGreaterThan(1000);
});

test('nothing that may be shown is kept back', () => {
  fc.assert(
    fc.property(world, (given) => {
      const pinned = new Set(pinsOf(given).map(({ item }) => item));
      const { items } = rank({ ...given.input, count: ITEMS });
      const showable = new Set(given.input.candidates.filter((item) => !mustNotShow(given, item, pinned.has(item))));
      const plainly = [...showable].filter((item) => !mustNotShow(given, item, false));
      for (const item of plainly) expect(items).toContain(item);
    }),
    RUNS,
  );
});

test('a planted fault, a filter that is not asked, is caught by the property', () => {
  const blind = (given: World): readonly number[] =>
    rank({ ...given.input, facts: { ...given.input.facts, availability: { issued: 0, unavailable: [], banned: [] } } })
      .items;
  const found = fc.check(
    fc.property(world, (given) => wronglyShown(given, blind(given)).length === 0),
    RUNS,
  );
  expect(found.failed).toBe(true);
});

test('the same seed gives the same list, another seed another', () => {
  fc.assert(
    fc.property(world, ({ input }) => {
      expect(rank(input)).toEqual(rank(sameValues(input)));
    }),
    { numRuns: 300 },
  );
  const candidates = Array.from({ length: ITEMS }, (_, at) => at + 1);
  const rules = { ...NO_RULES, exploration: { every: 2, depth: 20 } };
  const lists = [1, 2, 3, 4].map((seed) =>
    rank(plain({ candidates, scores: candidates, rules, seed, count: 8 })).items.join(),
  );
  expect(new Set(lists).size).toBeGreaterThan(1);
});

/** The same values in other arrays. */
function sameValues(input: World['input']): World['input'] {
  return {
    ...input,
    candidates: [...input.candidates],
    scores: input.scores === null ? null : Array.from(input.scores),
  };
}

test('after "not interested" the next three lists hold nothing of that category unless pinned', () => {
  fc.assert(
    fc.property(world, steps, fc.integer({ min: 1, max: ITEMS }), (given, between, item) => {
      const { facts, placement, rules } = given.input;
      if (facts.reorder || rules.placements.some((rule) => rule.placement === placement && rule.reorder)) return;
      const pinned = new Set(pinsOf(given).map((pin) => pin.item));
      let lived = {
        memory: afterDismissal(NOTHING_REMEMBERED, item, categoryOf(item)),
        events: facts.events,
      };
      // Anything may happen between, but that more lists are shown.
      const quiet = between.filter(({ act }) => act !== 'list');
      for (let list = 0; list < LISTS_WITHOUT; list++) {
        lived = live(quiet.slice(list * 5, list * 5 + 5), lived);
        const { bought, dismissed } = lived.memory;
        const shown = rank({ ...given.input, facts: { ...facts, bought, dismissed, events: lived.events } }).items;
        const free = shown.filter((one) => !pinned.has(one));
        expect(free).not.toContain(item);
        if (categoryOf(item) > 0) expect(free.map(categoryOf)).not.toContain(categoryOf(item));
        lived = live([{ act: 'list' }], lived);
      }
    }),
    RUNS,
  );
});

test('a dismissed category comes back when the shopper opens it again, its item does not', () => {
  const gone = live([{ act: 'list' }, { act: 'list' }, { act: 'list' }], {
    memory: afterDismissal(NOTHING_REMEMBERED, 1, 1),
    events: [],
  }).memory;
  const again = afterEvent(gone, { type: 'view_item', item: 9, time_ms: 0, dwell_ms: 0 }, categoryOf);
  const shown = (dismissed: typeof again.dismissed): readonly number[] =>
    rank(plain({ candidates: [1, 9, 17, 2] }, { dismissed })).items;
  expect(shown(gone.dismissed)).toEqual([2]);
  expect(shown(again.dismissed)).toEqual([9, 17, 2]);
});

test('pins keep their place, whatever the scores; law and stock come before them', () => {
  fc.assert(
    fc.property(world, (given) => {
      const { items } = rank(given.input);
      const [first] = given.input.pins.filter(({ item }) => given.input.candidates.includes(item));
      if (first === undefined || mustNotShow(given, first.item, true) || first.position > given.input.count) return;
      if (items.length >= first.position) expect(items[first.position - 1]).toBe(first.item);
      else expect(items).toContain(first.item);
    }),
    RUNS,
  );
});

test('law fails closed, stock fails open', () => {
  const law = { reason: 'spirits', items: [], categories: [3], regions: ['DE'], age_least: 18 };
  const rules = { ...NO_RULES, restrictions: [law], filters_max_age_s: 60 };
  const at = (known: object): readonly number[] =>
    rank(
      plain(
        { candidates: [3, 4, 5], rules },
        { availability: { issued: 100, unavailable: [4], banned: [] }, now_s: 130, ...known },
      ),
    ).items;
  expect(at({ region: 'DE', age: 18 })).toEqual([3, 5]);
  expect(at({ region: 'DE', age: 17 })).toEqual([5]);
  expect(at({ region: 'DE' }), 'age unknown').toEqual([5]);
  expect(at({ age: 17 }), 'region unknown').toEqual([5]);
  expect(at({ region: 'FR', age: 17 })).toEqual([3, 5]);
  expect(
    at({ region: 'FR', now_s: 161 }),
    'over-aged: what law names goes, what is not listed as out of stock stays',
  ).toEqual([5]);
});

test('score descending, then catalogue index ascending; what is no number comes last', () => {
  const order = (candidates: number[], scores: number[]): readonly number[] =>
    rank(plain({ candidates, scores })).items;
  expect(order([9, 4, 7, 2], [1, 3, 3, 0])).toEqual([4, 7, 9, 2]);
  expect(order([9, 4, 7], [Number.NaN, -1e30, Number.NEGATIVE_INFINITY])).toEqual([4, 7, 9]);
  expect(rank(plain({ candidates: [9, 4, 7, 4] }, { viewing: 9 })).items).toEqual([4, 7]);
});

test('the best few are those of the whole order, ties included', () => {
  const scores = fc.array(fc.oneof(fc.constantFrom(1, 2, 3), fc.double({ noNaN: false })), {
    minLength: 40,
    maxLength: 200,
  });
  fc.assert(
    fc.property(scores, fc.integer({ min: 0, max: 20 }), (given, most) => {
      const candidates = given.map((_, at) => ((at * 7) % given.length) + 1);
      expect(bestFirst(candidates, given, most)).toEqual(bestFirst(candidates, given, given.length).slice(0, most));
    }),
    { numRuns: 500 },
  );
});

test('feedback moves what the shopper just chose or passed over', () => {
  const event = (type: 'view_item' | 'add_to_cart', item: number, dwell_ms = 0) => ({
    type,
    item,
    time_ms: 0,
    dwell_ms,
  });
  const events = [event('view_item', 10, 4000), event('view_item', 18, 2000), event('view_item', 3, 6000)];
  const feedback = feedbackOf(events, [5], { 6: 2, 7: 9 }, categoryOf);
  expect(feedback.clickShare.get(2)).toBeCloseTo((0.64 + 0.8) / 2.44);
  expect(feedback.dwellShare.get(3)).toBe(0.5);
  expect([feedback.skips.get(6), feedback.skips.get(7)]).toEqual([2, 3]);
  expect(feedback.skipShare.get(7)).toBeCloseTo(9 / 21);
  const scored = (weights: object): readonly number[] =>
    rank(
      plain({
        candidates: [2, 3, 4, 5, 6],
        scores: [0, 0, 0, 0, 0],
        feedback,
        rules: { ...NO_RULES, feedback: { ...NO_RULES.feedback, ...weights } },
      }),
    ).items;
  expect(scored({})).toEqual([2, 3, 4, 5, 6]);
  expect(scored({ click_category: 1 })).toEqual([2, 3, 4, 5, 6]);
  expect(scored({ dwell_category: 1 })[0]).toBe(2);
  expect(scored({ click_item: 1 })[0]).toBe(3);
  expect(scored({ cart_category: 1 })[0]).toBe(5);
  expect(scored({ skip_item: -1 }).at(-1)).toBe(6);
});

test('no category takes all of the first places', () => {
  const candidates = [1, 9, 17, 25, 2, 3];
  const rules = { ...NO_RULES, diversity: { category_most: 2, window: 4 } };
  expect(rank(plain({ candidates, rules })).items).toEqual([1, 9, 2, 3, 17, 25]);
});

test('every item says in words that are true why it stands there', () => {
  const events = [{ type: 'view_item' as const, item: 10, time_ms: 0, dwell_ms: 0 }];
  const input = plain({
    candidates: [10, 2, 3, 5, 8],
    scores: [5, 4, 3, 2, 1],
    feedback: feedbackOf(events, [13], {}, categoryOf),
    pins: [{ item: 8, position: 1 }],
  });
  const { items, why } = rank(input);
  expect(items).toEqual([8, 10, 2, 3, 5]);
  expect(why.map(({ code }) => code)).toEqual(['pinned', 'seen_before', 'clicked_category', 'model', 'cart_category']);
  expect(why[2]?.words).toBe('In category 2, like something you looked at in this visit.');
  const pool = rank(
    plain({
      candidates: [1, 2],
      origins: { poolReason: (one) => (one === 1 ? 'wanted' : undefined), categoryName: String },
    }),
  );
  expect(pool.why.map(({ code }) => code)).toEqual(['wanted', 'given']);
});

test('in a list too short for the farthest pin, the nearer one keeps its place all the same', () => {
  const pins = [
    { item: 1, position: 3 },
    { item: 21, position: 4 },
  ];
  expect(rank(plain({ candidates: [1, 2, 21], pins, count: 4 }, {})).items).toEqual([2, 21, 1]);
});
