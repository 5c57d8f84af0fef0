/** Candidates and scores in, the list to show out. Pure. Score descending, catalogue index ascending; hard filters last and always. */

/** What must not be shown, whatever the model says. */
export interface HardFilters {
  /** The signed availability list. */
  readonly unavailable: ReadonlySet<number>;
  /** Item in view, null for none. */
  readonly viewing: number | null;
  readonly cart: readonly number[];
  /** What the page excludes for this list. */
  readonly exclude: readonly number[];
}

export interface RankedList {
  readonly items: number[];
  /** Score of each item, empty without a model. */
  readonly scores: number[];
}

/**
 * Best first. `scores` null: the order of `candidates` is kept. A candidate that stands twice is shown once; a score that is
 * no number counts as the least.
 */
export function rankCandidates(
  candidates: readonly number[],
  scores: ArrayLike<number> | null,
  filters: HardFilters,
  count = Number.POSITIVE_INFINITY,
): RankedList {
  const order = scores === null ? candidates.map((_, at) => at) : sorted(candidates, scores);
  const hidden = new Set([...filters.unavailable, ...filters.cart, ...filters.exclude]);
  if (filters.viewing !== null) hidden.add(filters.viewing);
  const list: RankedList = { items: [], scores: [] };
  for (const at of order) {
    if (list.items.length >= count) break;
    const item = candidates[at] as number;
    if (hidden.has(item)) continue;
    hidden.add(item);
    list.items.push(item);
    if (scores !== null) list.scores.push(scores[at] as number);
  }
  return list;
}

function sorted(candidates: readonly number[], scores: ArrayLike<number>): number[] {
  const score = Float64Array.from(candidates, (_, at) => {
    const given = scores[at];
    return given === undefined || Number.isNaN(given) ? Number.NEGATIVE_INFINITY : given;
  });
  return candidates
    .map((_, at) => at)
    .sort(
      (a, b) =>
        compare(score[b] as number, score[a] as number) || (candidates[a] as number) - (candidates[b] as number),
    );
}

/** As subtraction, but equal for two infinities. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
