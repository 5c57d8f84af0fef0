/** What the session says beyond the model's reading of it: counted from its events, added to scores. Pure. */

import type { Event, FeedbackWeights } from '../../../contracts/types';

/** What no event of the session holds; see memory.ts. */
export interface Remembered {
  /** How often an item was passed over. */
  readonly skips: Readonly<Record<number, number>>;
  /** "Not interested", oldest first. */
  readonly dismissed: readonly Dismissed[];
  readonly bought: readonly number[];
}

export interface Dismissed {
  readonly item: number;
  /** 0: the catalogue knows none; then the item alone is dismissed. */
  readonly category: number;
  /** Lists shown since. */
  readonly lists: number;
  /** The shopper opened the category again, and enough lists were shown. */
  readonly over: boolean;
}

/** Signals in the units that weights multiply. */
export interface Feedback {
  readonly clicks: ReadonlyMap<number, number>;
  readonly skips: ReadonlyMap<number, number>;
  /** Shares in 0..1 by category. */
  readonly clickShare: ReadonlyMap<number, number>;
  readonly skipShare: ReadonlyMap<number, number>;
  readonly dwellShare: ReadonlyMap<number, number>;
  readonly cartCategories: ReadonlySet<number>;
}

export type CategoryOf = (item: number) => number;

/** A click counts this much of the one after it. */
const CLICK_DECAY = 0.8;
/** Visible time beyond this says no more, ms. */
const DWELL_MOST_MS = 60_000;
const SKIPS_MOST = 3;
/** Skips that a share is damped by: one skip is no opinion of a category. */
const SKIP_DAMPING = 10;

export function feedbackOf(
  events: readonly Event[],
  cart: readonly number[],
  skips: Readonly<Record<number, number>>,
  categoryOf: CategoryOf,
): Feedback {
  const acts = actsOf(events);
  const passed = Object.entries(skips).map(([item, count]) => [Number(item), count] as const);
  const weights = acts.map((_, at) => CLICK_DECAY ** (acts.length - 1 - at));
  const dwelled = events.filter(({ type }) => type === 'view_item');
  return {
    clicks: summed(acts.map((item) => [item, 1])),
    skips: new Map(passed.map(([item, count]) => [item, Math.min(count, SKIPS_MOST)])),
    clickShare: shares(
      acts.map((item, at) => [categoryOf(item), weights[at] as number]),
      0,
    ),
    skipShare: shares(
      passed.map(([item, count]) => [categoryOf(item), count]),
      SKIP_DAMPING,
    ),
    dwellShare: shares(
      dwelled.map(({ item, dwell_ms }) => [categoryOf(item), Math.min(dwell_ms, DWELL_MOST_MS)]),
      0,
    ),
    cartCategories: new Set(cart.map(categoryOf).filter((category) => category > 0)),
  };
}

/** What to add to a candidate's score. */
export function adjustment(
  item: number,
  category: number,
  { clicks, skips, clickShare, skipShare, dwellShare, cartCategories }: Feedback,
  weights: FeedbackWeights,
): number {
  return (
    weights.click_item * Math.log2(1 + (clicks.get(item) ?? 0)) +
    weights.skip_item * (skips.get(item) ?? 0) +
    weights.click_category * (clickShare.get(category) ?? 0) +
    weights.skip_category * (skipShare.get(category) ?? 0) +
    weights.dwell_category * (dwellShare.get(category) ?? 0) +
    weights.cart_category * (cartCategories.has(category) ? 1 : 0)
  );
}

/** `scores` with each candidate's adjustment; the very same where all weights are 0. */
export function adjusted(
  candidates: readonly number[],
  scores: ArrayLike<number>,
  feedback: Feedback,
  weights: FeedbackWeights,
  categoryOf: CategoryOf,
): ArrayLike<number> {
  if (Object.values(weights).every((weight) => weight === 0)) return scores;
  return Float64Array.from(
    candidates,
    (item, at) => (scores[at] ?? Number.NaN) + adjustment(item, categoryOf(item), feedback, weights),
  );
}

/** Items chosen or opened, oldest first; choosing a card and then seeing its page is one act. */
export function actsOf(events: readonly Event[]): number[] {
  const acts = events.filter(({ type }) => type === 'view_item' || type === 'select_item').map(({ item }) => item);
  return acts.filter((item, at) => item !== acts[at - 1]);
}

function summed(pairs: readonly (readonly [number, number])[]): Map<number, number> {
  const sums = new Map<number, number>();
  for (const [key, amount] of pairs) sums.set(key, (sums.get(key) ?? 0) + amount);
  return sums;
}

/** Each known category's part of the whole, the whole enlarged by `damping`. */
function shares(pairs: readonly (readonly [number, number])[], damping: number): Map<number, number> {
  const whole = pairs.reduce((sum, [, amount]) => sum + amount, damping);
  const sums = summed(pairs.filter(([category]) => category > 0));
  return new Map(whole > 0 ? [...sums].map(([category, amount]) => [category, amount / whole]) : []);
}
