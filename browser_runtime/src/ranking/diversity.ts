/** Variety: no category takes all of a list's first places. Pure. */

import type { Diversity } from '../../../contracts/types';
import type { CategoryOf } from './feedback';

/** `items` with what is too much of one category moved behind the window, its order kept. Category 0 (unknown) is not capped. */
export function diversified(
  items: readonly number[],
  { category_most, window }: Diversity,
  categoryOf: CategoryOf,
): number[] {
  if (category_most === 0) return [...items];
  const counts = new Map<number, number>();
  const [first, later]: [number[], number[]] = [[], []];
  for (const item of items) {
    const category = categoryOf(item);
    const count = counts.get(category) ?? 0;
    const fits = first.length < window && (category === 0 || count < category_most);
    if (fits) counts.set(category, count + 1);
    (fits ? first : later).push(item);
  }
  return [...first, ...later];
}
