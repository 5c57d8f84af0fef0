/**
 * Intent x candidates -> the list to show: feedback, order, variety, exploration, pins, and hard filters last and always. Pure:
 * the same input and seed give the same list.
 */

import type { Pin, PlacementRule, RankingRules } from '../../../contracts/types';
import { diversified } from './diversity';
import { type Explored, explored } from './exploration';
import { adjusted, type CategoryOf, type Feedback } from './feedback';
import { type Facts, type Hides, hidesOf } from './filters';
import { bestFirst } from './order';
import { withPins } from './pins';
import { mixed } from './random';
import { type Origins, type Why, whyOf } from './why';

export interface RankInput {
  readonly placement: string;
  /** Catalogue indices; one that stands twice is shown once. */
  readonly candidates: readonly number[];
  /** Score of each candidate in logits; null: no model, so the order given stands. */
  readonly scores: ArrayLike<number> | null;
  /** Most items shown. */
  readonly count: number;
  /** Places that the page holds for an item, such as a sponsored one. */
  readonly pins: readonly Pin[];
  readonly rules: RankingRules;
  readonly facts: Facts;
  readonly feedback: Feedback;
  readonly categoryOf: CategoryOf;
  readonly origins: Pick<Origins, 'poolReason' | 'categoryName'>;
  readonly seed: number;
}

export interface RankedList {
  readonly items: readonly number[];
  /** Score of each item before feedback; empty without a model. */
  readonly scores: readonly number[];
  readonly why: readonly Why[];
}

/** Places beyond `count` that are sorted too, so that filters, variety and chance find enough. */
const SPARE = 200;

export function rank(input: RankInput): RankedList {
  const rule = input.rules.placements.find(({ placement }) => placement === input.placement);
  const facts = { ...input.facts, reorder: input.facts.reorder || rule?.reorder === true };
  const hides = hidesOf(facts, input.rules, rule, input.categoryOf);
  const pins = pinsOf(input, rule, hides);
  const pinned = new Set(pins.map(({ item }) => item));
  const order = ordered(input, pinned, hides);
  const tried = facts.reorder ? { items: order, chosen: NOTHING } : varied(order, input);
  const shown = withPins(tried.items, pins, input.count).filter((item) => hides(item, pinned.has(item)) === null);
  return described(input, shown, { ...input.origins, pinned, explored: tried.chosen, scored: input.scores !== null });
}

const NOTHING: ReadonlySet<number> = new Set();

/** The page's pins before the signed ones; only of candidates, and of none that law, stock or market hides. */
function pinsOf(input: RankInput, rule: PlacementRule | undefined, hides: Hides): Pin[] {
  const pins = [...input.pins, ...(rule?.pins ?? [])];
  if (pins.length === 0) return pins;
  const among = new Set(input.candidates);
  const taken = new Set<number>();
  return pins.filter(({ item, position }) => {
    const free = among.has(item) && !taken.has(item) && !taken.has(-position) && hides(item, true) === null;
    if (free) taken.add(item).add(-position);
    return free;
  });
}

/** Variety, then chance; a list that no model ordered is left to its order by chance. */
function varied(order: readonly number[], input: RankInput): Explored {
  const { diversity, exploration } = input.rules;
  const list = diversified(order, diversity, input.categoryOf);
  const every = input.scores === null ? 0 : exploration.every;
  return explored(list, { ...exploration, every }, input.count, mixed(input.seed, input.placement));
}

/** Candidates that may be shown and are not pinned, best first: enough for `count`, variety and chance. */
function ordered(input: RankInput, pinned: ReadonlySet<number>, hides: Hides): number[] {
  const { candidates, rules, count } = input;
  const room = count + SPARE + rules.exploration.depth + rules.diversity.window;
  const scores =
    input.scores === null ? null : adjusted(candidates, input.scores, input.feedback, rules.feedback, input.categoryOf);
  if (scores === null) return showable(candidates, pinned, hides, room);
  const best = (most: number): number[] =>
    showable(
      bestFirst(candidates, scores, most).map((at) => candidates[at] as number),
      pinned,
      hides,
      room,
    );
  const found = best(2 * room);
  return found.length < room && 2 * room < candidates.length ? best(candidates.length) : found;
}

function showable(items: readonly number[], pinned: ReadonlySet<number>, hides: Hides, most: number): number[] {
  const taken = new Set(pinned);
  const list: number[] = [];
  for (const item of items) {
    if (list.length >= most) break;
    if (taken.has(item)) continue;
    taken.add(item);
    if (hides(item, false) === null) list.push(item);
  }
  return list;
}

function described(input: RankInput, items: readonly number[], origins: Origins): RankedList {
  const wanted = new Set(items);
  const scoreOf = new Map<number, number>();
  if (input.scores !== null)
    input.candidates.forEach((item, at) => {
      if (wanted.has(item) && !scoreOf.has(item)) scoreOf.set(item, input.scores?.[at] ?? Number.NaN);
    });
  return {
    items,
    scores: input.scores === null ? [] : items.map((item) => scoreOf.get(item) ?? Number.NaN),
    why: items.map((item) => whyOf(item, input.categoryOf(item), input.feedback, origins)),
  };
}
