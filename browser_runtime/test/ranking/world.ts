/** Made-up shops, shoppers and sessions for the ranker's properties, and a second, plain statement of what must not be shown. */

import fc from 'fast-check';
import type { Event, PlacementRule, RankingRules, Restriction } from '../../../contracts/types';
import { feedbackOf, type Remembered } from '../../src/ranking/feedback';
import type { Facts } from '../../src/ranking/filters';
import { afterDismissal, afterEvent, afterLists, afterSkip, NOTHING_REMEMBERED } from '../../src/ranking/memory';
import type { RankInput } from '../../src/ranking/rank';
import { NO_RULES } from '../../src/ranking/rules';

export const ITEMS = 40;
/** Categories 1..7, and 0, unknown, for every eighth item. */
export const categoryOf = (item: number): number => item % 8;

const item = fc.integer({ min: 1, max: ITEMS });
const items = fc.array(item, { maxLength: 6 });
const categories = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 2 });
const region = fc.constantFrom('DE', 'FR', 'US');

const restriction: fc.Arbitrary<Restriction> = fc.record({
  reason: fc.constant('law'),
  items: fc.array(item, { minLength: 1, maxLength: 3 }),
  categories,
  regions: fc.array(region, { maxLength: 2 }),
  age_least: fc.constantFrom(0, 16, 18),
});

const placementRule: fc.Arbitrary<PlacementRule> = fc.record({
  placement: fc.constantFrom('product', 'cart'),
  pins: fc.uniqueArray(fc.record({ item, position: fc.integer({ min: 1, max: 9 }) }), {
    maxLength: 3,
    comparator: (a, b) => a.item === b.item || a.position === b.position,
  }),
  only_categories: fc.constantFrom<number[]>([], [], [], [1, 2, 3, 4]),
  not_categories: categories,
  not_items: items,
  show_bought: fc.boolean(),
  reorder: fc.boolean(),
});

const weight = fc.constantFrom(-2, 0, 0, 1.5);
export const rules: fc.Arbitrary<RankingRules> = fc.record({
  cards: fc.constant('page' as const),
  filters_max_age_s: fc.constant(1000),
  feedback: fc.record({
    click_item: weight,
    click_category: weight,
    skip_item: fc.constantFrom(0, -1),
    skip_category: fc.constantFrom(0, -1),
    dwell_category: weight,
    cart_category: weight,
  }),
  diversity: fc.record({ category_most: fc.integer({ min: 0, max: 3 }), window: fc.integer({ min: 1, max: 10 }) }),
  exploration: fc.record({ every: fc.integer({ min: 0, max: 4 }), depth: fc.integer({ min: 1, max: 20 }) }),
  frequency: fc.record({ shown_most: fc.integer({ min: 0, max: 3 }), within_s: fc.constantFrom(10, 100) }),
  restrictions: fc.array(restriction, { maxLength: 2 }),
  placements: fc.uniqueArray(placementRule, { maxLength: 2, selector: ({ placement }) => placement }),
});

export type Step =
  | { readonly act: 'event'; readonly event: Event }
  | { readonly act: 'skip' | 'dismiss'; readonly item: number }
  | { readonly act: 'list' };

/** Anything that a shopper and a page can do, in any order. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      act: fc.constant('event' as const),
      event: fc.record({
        type: fc.constantFrom('view_item', 'select_item', 'view_item_list', 'add_to_cart', 'purchase') as fc.Arbitrary<
          Event['type']
        >,
        item,
        time_ms: fc.integer({ min: 0, max: 90_000 }),
        dwell_ms: fc.integer({ min: 0, max: 90_000 }),
      }),
    }),
    fc.record({ act: fc.constantFrom('skip', 'dismiss') as fc.Arbitrary<'skip' | 'dismiss'>, item }),
    fc.constant({ act: 'list' as const }),
  ),
  { maxLength: 25 },
);

export interface Lived {
  readonly memory: Remembered;
  readonly events: readonly Event[];
}

export function live(taken: readonly Step[], from: Lived = { memory: NOTHING_REMEMBERED, events: [] }): Lived {
  return taken.reduce(({ memory, events }, step): Lived => {
    if (step.act === 'event')
      return { memory: afterEvent(memory, step.event, categoryOf), events: [...events, step.event] };
    if (step.act === 'skip') return { memory: afterSkip(memory, step.item), events };
    if (step.act === 'dismiss') return { memory: afterDismissal(memory, step.item, categoryOf(step.item)), events };
    return { memory: afterLists(memory), events };
  }, from);
}

const facts = fc.record({
  availability: fc.record({ issued: fc.constantFrom(0, 5000), unavailable: items, banned: items }),
  now_s: fc.constant(5500),
  region: fc.option(region),
  age: fc.option(fc.integer({ min: 10, max: 40 })),
  notSold: items,
  viewing: fc.option(item),
  cart: items,
  session_ms: fc.constant(90_000),
  exclude: items,
  reorder: fc.boolean(),
});

/** Facts, and what this market does not sell, so that a second reading can be made of them. */
export interface World {
  readonly input: RankInput;
  readonly notSold: readonly number[];
}

export const world: fc.Arbitrary<World> = fc
  .record({
    rules,
    facts,
    lived: steps.map((taken) => live(taken)),
    candidates: fc.array(item, { maxLength: 60 }),
    scored: fc.boolean(),
    score: fc.infiniteStream(fc.oneof(fc.float({ noNaN: false }), fc.constantFrom(0, 1, -1))),
    count: fc.integer({ min: 0, max: 45 }),
    placement: fc.constantFrom('product', 'cart', 'home'),
    pins: fc.array(fc.record({ item, position: fc.integer({ min: 1, max: 9 }) }), { maxLength: 2 }),
    seed: fc.nat(),
  })
  .map(({ facts: { notSold, ...known }, lived, scored, score, candidates, ...rest }): World => {
    const not = new Set(notSold);
    const { bought, dismissed, skips } = lived.memory;
    const all: Facts = { ...known, sold: (one) => !not.has(one), bought, dismissed, events: lived.events };
    const input: RankInput = {
      ...rest,
      candidates,
      scores: scored ? [...score.take(candidates.length)] : null,
      facts: all,
      feedback: feedbackOf(lived.events, known.cart, skips, categoryOf),
      categoryOf,
      origins: { poolReason: () => undefined, categoryName: String },
    };
    return { input, notSold };
  });

/** What must not stand in a list, said anew and without the ranker's code. `pinned`: by the page or the signed rules. */
export function mustNotShow({ input, notSold }: World, one: number, pinned: boolean): boolean {
  const { facts, rules } = input;
  const rule = rules.placements.find(({ placement }) => placement === input.placement);
  const category = one % 8;
  const stale = facts.now_s - facts.availability.issued > rules.filters_max_age_s;
  const restricted = rules.restrictions.some((limit) => {
    if (!limit.items.includes(one) && !limit.categories.includes(category)) return false;
    const here = limit.regions.length === 0 || facts.region === null || limit.regions.includes(facts.region);
    const young = limit.age_least === 0 || facts.age === null || facts.age < limit.age_least;
    return stale || (here && young);
  });
  const { unavailable, banned } = facts.availability;
  if (restricted || [...unavailable, ...banned, ...facts.exclude, ...notSold, ...(rule?.not_items ?? [])].includes(one))
    return true;
  const own = facts.reorder || rule?.reorder === true;
  if (!own && (facts.cart.includes(one) || facts.viewing === one)) return true;
  if (!own && !rule?.show_bought && facts.bought.includes(one)) return true;
  if (pinned) return false;
  if (
    rule &&
    (rule.not_categories.includes(category) ||
      (rule.only_categories.length > 0 && !rule.only_categories.includes(category)))
  )
    return true;
  if (own) return false;
  if (
    facts.dismissed.some((gone) => gone.item === one || (!gone.over && gone.category > 0 && gone.category === category))
  )
    return true;
  const last = facts.events.findLastIndex(({ type, item: seen }) => seen === one && type !== 'view_item_list');
  const shown = facts.events
    .slice(last + 1)
    .filter(
      ({ type, item: seen, time_ms }) =>
        seen === one && type === 'view_item_list' && facts.session_ms - time_ms <= rules.frequency.within_s * 1000,
    );
  return rules.frequency.shown_most > 0 && shown.length >= rules.frequency.shown_most;
}

export function pinsOf({ input }: World): { item: number; position: number }[] {
  const rule = input.rules.placements.find(({ placement }) => placement === input.placement);
  return [...input.pins, ...(rule?.pins ?? [])].filter(({ item: one }) => input.candidates.includes(one));
}

export function plain(changes: Partial<RankInput> = {}, known: Partial<Facts> = {}): RankInput {
  const none: Facts = {
    availability: { issued: 0, unavailable: [], banned: [] }, now_s: 0, region: null, age: null, sold: () => true, viewing: null, cart: [],
    bought: [], dismissed: [], events: [], session_ms: 0, exclude: [], reorder: false, ...known,
  }; // biome-ignore format: one line reads better
  return {
    placement: 'product', candidates: [], scores: null, count: Number.POSITIVE_INFINITY, pins: [], rules: NO_RULES, facts: none,
    feedback: feedbackOf([], [], {}, categoryOf), categoryOf, origins: { poolReason: () => undefined, categoryName: (n) => `category ${n}` },
    seed: 1, ...changes,
  }; // biome-ignore format: one line reads better
}
