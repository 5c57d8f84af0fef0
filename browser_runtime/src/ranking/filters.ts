/** Hard filters: last and always. Law fails closed, stock fails open. Pure. */

import type { Availability, Event, PlacementRule, RankingRules, Restriction } from '../../../contracts/types';
import type { CategoryOf, Dismissed } from './feedback';

/** What decides, besides the item itself. */
export interface Facts {
  /** The newest list held. */
  readonly availability: Availability;
  /** Seconds since 1970. */
  readonly now_s: number;
  /** ISO 3166-1 of the shopper; null: unknown. */
  readonly region: string | null;
  /** Years that the shop has made sure of; null: unknown. */
  readonly age: number | null;
  /** Whether this market sells it. */
  readonly sold: (item: number) => boolean;
  /** Item in view, null for none. */
  readonly viewing: number | null;
  readonly cart: readonly number[];
  readonly bought: readonly number[];
  readonly dismissed: readonly Dismissed[];
  readonly events: readonly Event[];
  /** Milliseconds since the session began: what events' times count from. */
  readonly session_ms: number;
  /** What the page excludes for this list. */
  readonly exclude: readonly number[];
  /** A list of the shop's own: only law, stock, market and the page hide items. */
  readonly reorder: boolean;
}

export type HideReason =
  | 'banned'
  | 'restricted'
  | 'unavailable'
  | 'not_sold'
  | 'placement'
  | 'excluded'
  | 'viewing'
  | 'in_cart'
  | 'bought'
  | 'not_interested'
  | 'seen_often';

/** Why an item must not be shown; null: it may. `pinned`: the shop's own choice, which taste does not hide. */
export type Hides = (item: number, pinned: boolean) => HideReason | null;

/** Whether the list of what must not be shown is older than the shop allows. */
export function isStale(availability: Availability, rules: RankingRules, now_s: number): boolean {
  return now_s - availability.issued > rules.filters_max_age_s;
}

export function hidesOf(
  facts: Facts,
  rules: RankingRules,
  rule: PlacementRule | undefined,
  categoryOf: CategoryOf,
): Hides {
  const fixed = fixedReasons(facts, rule);
  const restricted = restrictedBy(facts, rules);
  const taste = tasteReasons(facts, rules);
  const [only, not] = [new Set(rule?.only_categories), new Set(rule?.not_categories)];
  return (item, pinned) => {
    const category = categoryOf(item);
    if (restricted.items.has(item) || restricted.categories.has(category)) return 'restricted';
    const reason = fixed.get(item);
    if (reason !== undefined) return reason;
    if (!facts.sold(item)) return 'not_sold';
    if (pinned) return null;
    if ((only.size > 0 && !only.has(category)) || not.has(category)) return 'placement';
    return facts.reorder ? null : taste(item, category);
  };
}

/** Reasons that hold for single items, the strongest set last. */
function fixedReasons(facts: Facts, rule: PlacementRule | undefined): Map<number, HideReason> {
  const reasons = new Map<number, HideReason>();
  const add = (items: readonly number[], reason: HideReason): void => {
    for (const item of items) reasons.set(item, reason);
  };
  if (!facts.reorder) {
    if (!rule?.show_bought) add(facts.bought, 'bought');
    add(facts.cart, 'in_cart');
    if (facts.viewing !== null) add([facts.viewing], 'viewing');
  }
  add(facts.exclude, 'excluded');
  add(rule?.not_items ?? [], 'placement');
  add(facts.availability.unavailable, 'unavailable');
  add(facts.availability.banned, 'banned');
  return reasons;
}

/** What the law hides from this shopper, as far as the shop knows them. */
function restrictedBy(facts: Facts, rules: RankingRules): { items: Set<number>; categories: Set<number> } {
  const stale = isStale(facts.availability, rules, facts.now_s);
  const inForce = rules.restrictions.filter((one) => stale || holds(one, facts));
  return {
    items: new Set(inForce.flatMap(({ items }) => items)),
    categories: new Set(inForce.flatMap(({ categories }) => categories)),
  };
}

function holds({ regions, age_least }: Restriction, { region, age }: Facts): boolean {
  const here = regions.length === 0 || region === null || regions.includes(region);
  return here && (age_least === 0 || age === null || age < age_least);
}

/** What this shopper has had enough of. */
function tasteReasons(
  { dismissed, events, session_ms }: Facts,
  { frequency }: RankingRules,
): (item: number, category: number) => HideReason | null {
  const items = new Set(dismissed.map(({ item }) => item));
  const categories = new Set(dismissed.filter(({ over }) => !over).map(({ category }) => category));
  categories.delete(0);
  const often = seenOften(events, session_ms, frequency);
  return (item, category) => {
    if (items.has(item) || categories.has(category)) return 'not_interested';
    return often.has(item) ? 'seen_often' : null;
  };
}

/** Items shown too often since they were last chosen. */
function seenOften(
  events: readonly Event[],
  session_ms: number,
  { shown_most, within_s }: RankingRules['frequency'],
): Set<number> {
  if (shown_most === 0) return new Set();
  const seen = new Map<number, number>();
  for (const { type, item, time_ms } of events) {
    if (type !== 'view_item_list') seen.delete(item);
    else if (session_ms - time_ms <= within_s * 1000) seen.set(item, (seen.get(item) ?? 0) + 1);
  }
  return new Set([...seen].filter(([, count]) => count >= shown_most).map(([item]) => item));
}
