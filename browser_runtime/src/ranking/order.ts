/** Order by score: descending, then catalogue index ascending; a score that is no number counts as the least. Pure. */

/** Positions of `candidates`, best first: the best `most` of them, or all. */
export function bestFirst(candidates: readonly number[], scores: ArrayLike<number>, most: number): number[] {
  const score = Float64Array.from(candidates, (_, at) => {
    const given = scores[at];
    return given === undefined || Number.isNaN(given) ? Number.NEGATIVE_INFINITY : given;
  });
  const before = (a: number, b: number): number =>
    compare(score[b] as number, score[a] as number) || (candidates[a] as number) - (candidates[b] as number) || a - b;
  const all = candidates.map((_, at) => at);
  return (most < all.length / 4 ? atLeast(all, score, most) : all).sort(before).slice(0, most);
}

/** Positions whose score is no less than the `most`-th largest: a superset of the best `most`, found without sorting all. */
function atLeast(all: readonly number[], score: Float64Array, most: number): number[] {
  if (most === 0) return [];
  const least = Float64Array.from(score).sort().at(-most) as number;
  return all.filter((at) => (score[at] as number) >= least);
}

/** As subtraction, but equal for two infinities. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
