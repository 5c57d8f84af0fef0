/** The intent in plain words: categories of the candidates that the model likes best. */

import type { Catalogue } from '../../../contracts/types';
import type { Scoring } from '../api';
import { rankCandidates } from '../ranker';

/** Candidates that speak for the intent. */
const BEST = 20;
const CATEGORIES_MOST = 5;
const NO_FILTERS = { unavailable: new Set<number>(), viewing: null, cart: [], exclude: [] };

/** Shares of categories among the best candidates, largest first. */
export function intentOf(
  candidates: readonly number[],
  scores: ArrayLike<number>,
  catalogue: Catalogue,
): Scoring['intent'] {
  const best = rankCandidates(candidates, scores, NO_FILTERS, BEST).items;
  const counts = new Map<number, number>();
  for (const item of best) {
    const category = catalogue.items[item - 1]?.category ?? 0;
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a - b)
    .slice(0, CATEGORIES_MOST)
    .map(([category, count]) => ({
      category,
      name: catalogue.categories[category - 1]?.name ?? 'other',
      share: count / best.length,
    }));
}

/** Category of the candidate that the model scores highest, 0 for none or unknown. */
export function topCategory(candidates: readonly number[], scores: ArrayLike<number>, catalogue: Catalogue): number {
  const [item] = rankCandidates(candidates, scores, NO_FILTERS, 1).items;
  return item === undefined ? 0 : (catalogue.items[item - 1]?.category ?? 0);
}
