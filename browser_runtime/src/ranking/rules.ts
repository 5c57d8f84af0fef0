/** The signed rules of ranking, checked whole: an unknown key, a wrong type or a value out of range refuses the configuration. */

import type { RankingRules } from '../../../contracts/types';
import { UpdateRefused } from '../lib/errors';

/** null: it holds; else what is wrong with the value, to be read after its place. */
type Check = (value: unknown, place: string) => string | null;

const WEIGHT_LIMIT = 20;
const DAY_S = 86_400;

/** Rules that change nothing: for a page that holds no signed files. */
export const NO_RULES: RankingRules = {
  cards: 'page',
  filters_max_age_s: 7 * DAY_S,
  feedback: { click_item: 0, click_category: 0, skip_item: 0, skip_category: 0, dwell_category: 0, cart_category: 0 },
  diversity: { category_most: 0, window: 8 },
  exploration: { every: 0, depth: 50 },
  frequency: { shown_most: 0, within_s: 1800 },
  restrictions: [],
  placements: [],
};

/** Throws `UpdateRefused`. */
export function parseRules(document: unknown): RankingRules {
  const wrong = RULES(document, 'configuration: ranking');
  if (wrong !== null) throw new UpdateRefused(wrong);
  return document as RankingRules;
}

function number(least: number, most: number): Check {
  return (value, place) =>
    typeof value === 'number' && value >= least && value <= most ? null : `${place} must be from ${least} to ${most}`;
}

function whole(least: number, most = Number.MAX_SAFE_INTEGER): Check {
  const within = number(least, most);
  return (value, place) => (Number.isInteger(value) ? within(value, place) : `${place} must be a whole number`);
}

function matching(pattern: RegExp): Check {
  return (value, place) =>
    typeof value === 'string' && pattern.test(value) ? null : `${place} is not of the form ${pattern.source}`;
}

function list(check: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place} must be a list`;
    return first(value.map((entry, at) => check(entry, `${place}[${at}]`)));
  };
}

function object(keys: Readonly<Record<string, Check>>, also: (value: never) => string | null = () => null): Check {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${place} must be an object`;
    const held = value as Record<string, unknown>;
    const unknown = Object.keys(held).find((key) => !Object.hasOwn(keys, key));
    if (unknown !== undefined) return `${place} holds ${unknown}, which this bundle does not know`;
    const wrong = first(Object.entries(keys).map(([key, check]) => check(held[key], `${place}.${key}`)));
    if (wrong !== null) return wrong;
    const besides = also(value as never);
    return besides === null ? null : `${place}: ${besides}`;
  };
}

function first(found: readonly (string | null)[]): string | null {
  return found.find((one) => one !== null) ?? null;
}

function distinct(values: readonly unknown[], what: string): string | null {
  return new Set(values).size === values.length ? null : `two entries share ${what}`;
}

const truth: Check = (value, place) => (typeof value === 'boolean' ? null : `${place} must be true or false`);
const weight = number(-WEIGHT_LIMIT, WEIGHT_LIMIT);
const penalty = number(-WEIGHT_LIMIT, 0);
const items = list(whole(1));
const categories = list(whole(0));

const RULES = object(
  {
    cards: matching(/^(page|local|shop)$/),
    filters_max_age_s: whole(60),
    feedback: object({
      click_item: weight,
      click_category: weight,
      skip_item: penalty,
      skip_category: penalty,
      dwell_category: weight,
      cart_category: weight,
    }),
    diversity: object({ category_most: whole(0, 1000), window: whole(1, 1000) }),
    exploration: object({ every: whole(0, 1000), depth: whole(1, 10_000) }),
    frequency: object({ shown_most: whole(0, 1000), within_s: whole(1, 90 * DAY_S) }),
    restrictions: list(
      object(
        {
          reason: matching(/^.{1,200}$/su),
          items,
          categories,
          regions: list(matching(/^[A-Z]{2}$/)),
          age_least: whole(0, 99),
        },
        (one: RankingRules['restrictions'][0]) =>
          one.items.length + one.categories.length > 0 ? null : 'names nothing',
      ),
    ),
    placements: list(
      object(
        {
          placement: matching(/^.{1,64}$/su),
          pins: list(object({ item: whole(1), position: whole(1, 100) })),
          only_categories: categories,
          not_categories: categories,
          not_items: items,
          show_bought: truth,
          reorder: truth,
        },
        ({ pins }: RankingRules['placements'][0]) =>
          distinct(
            pins.map(({ item }) => item),
            'an item',
          ) ??
          distinct(
            pins.map(({ position }) => position),
            'a position',
          ),
      ),
    ),
  },
  ({ placements }: RankingRules) =>
    distinct(
      placements.map(({ placement }) => placement),
      'a placement',
    ),
);
