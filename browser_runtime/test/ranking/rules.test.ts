import { expect, test } from 'vitest';
import { NOTHING_REMEMBERED, restored } from '../../src/ranking/memory';
import { NO_RULES, parseRules } from '../../src/ranking/rules';

const PLACEMENT = {
  placement: 'product', pins: [{ item: 3, position: 1 }], only_categories: [], not_categories: [], not_items: [], show_bought: false, reorder: false,
}; // biome-ignore format: one line reads better
const LAW = { reason: 'knives', items: [4], categories: [], regions: ['DE'], age_least: 18 };

test('rules of the contract are taken', () => {
  const rules = { ...NO_RULES, placements: [PLACEMENT], restrictions: [LAW] };
  expect(parseRules(structuredClone(rules))).toEqual(rules);
});

test.each<[string, object, string]>([
  ['an unknown key', { boost: 2 }, 'holds boost, which this bundle does not know'],
  ['an unknown key inside', { restrictions: [{ ...LAW, until: 9 }] }, 'restrictions[0] holds until'],
  ['a missing part', { feedback: undefined }, 'feedback must be an object'],
  [
    'a weight beyond its limit',
    { feedback: { ...NO_RULES.feedback, click_item: 21 } },
    'click_item must be from -20 to 20',
  ],
  [
    'a reward for being passed over',
    { feedback: { ...NO_RULES.feedback, skip_item: 1 } },
    'skip_item must be from -20 to 0',
  ],
  ['a limit that names nothing', { restrictions: [{ ...LAW, items: [] }] }, 'names nothing'],
  ['a region in words', { restrictions: [{ ...LAW, regions: ['Germany'] }] }, 'regions[0] is not of the form'],
  [
    'two pins in one place',
    {
      placements: [
        {
          ...PLACEMENT,
          pins: [
            { item: 3, position: 1 },
            { item: 4, position: 1 },
          ],
        },
      ],
    },
    'share a position',
  ],
  ['two rules for one placement', { placements: [PLACEMENT, PLACEMENT] }, 'share a placement'],
  ['a mode of cards that is none', { cards: 'remote' }, 'cards is not of the form'],
])('%s is refused', (_, changes, words) => {
  expect(() => parseRules({ ...NO_RULES, ...changes })).toThrow(words);
});

test('what is no rules at all is refused', () => {
  for (const document of [null, undefined, 3, [], 'rules'])
    expect(() => parseRules(document)).toThrow('must be an object');
});

test('a memory that something on the page has edited is none', () => {
  const kept = { skips: { 4: 1 }, dismissed: [{ item: 2, category: 1, lists: 0, over: false }], bought: [9] };
  expect(restored(JSON.stringify(kept))).toEqual(kept);
  for (const bad of [
    '',
    '{',
    'null',
    '3',
    '{"skips":{}}',
    JSON.stringify({ ...kept, bought: ['x'] }),
    JSON.stringify({ ...kept, skips: { a: 1 } }),
  ])
    expect(restored(bad), bad).toBe(NOTHING_REMEMBERED);
});
