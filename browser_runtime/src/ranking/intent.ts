/** The intent in plain words: categories of the candidates that the model likes best. Pure. */

import type { Scoring } from '../api';
import type { Listed } from '../updates/listed';
import { bestFirst } from './order';

/** Candidates that speak for the intent. */
const BEST = 20;
const CATEGORIES_MOST = 5;

/** Shares of categories among the best candidates, largest first. */
export function intentOf(candidates: readonly number[], scores: ArrayLike<number>, listed: Listed): Scoring['intent'] {
  const best = bestFirst(candidates, scores, BEST);
  const counts = new Map<number, number>();
  for (const at of best) {
    const category = listed.categories[candidates[at] as number] ?? 0;
    counts.set(category, (counts.get(category) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || a - b)
    .slice(0, CATEGORIES_MOST)
    .map(([category, count]) => ({
      category,
      name: listed.categoryName(category) || 'other',
      share: count / best.length,
    }));
}

/** Category of the candidate that the model scores highest, 0 for none or unknown. */
export function topCategory(candidates: readonly number[], scores: ArrayLike<number>, listed: Listed): number {
  const [at] = bestFirst(candidates, scores, 1);
  return at === undefined ? 0 : (listed.categories[candidates[at] as number] ?? 0);
}
