/** Signed, but of the wrong shape: refused whole, so that the last good set stays. */

import type { Catalogue, Configuration, Pool } from '../../../contracts/types';
import { UpdateRefused } from '../lib/errors';

/** Throws `UpdateRefused`; checks what ranking and cards read. */
export function checkShapes(configuration: Configuration, catalogue: Catalogue, pool: Pool): void {
  want(isWhole(configuration?.poll_s, 1), 'configuration: poll_s must be whole and positive');
  want(
    isListOf(pool?.items, ({ item }) => isWhole(item, 1)),
    'pool: items must be a list of catalogue indices',
  );
  const named = isListOf(catalogue?.categories, ({ name }) => typeof name === 'string');
  const items = isListOf(
    catalogue?.items,
    ({ sku, name, category, price_minor }) =>
      typeof sku === 'string' && typeof name === 'string' && isWhole(category, 0) && isWhole(price_minor, 0),
  );
  want(named && items, 'catalogue: items or categories are malformed');
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

function isListOf<T>(value: readonly T[] | undefined, holds: (entry: T) => boolean): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'object' && entry !== null && holds(entry));
}

function want(holds: boolean, sentence: string): void {
  if (!holds) throw new UpdateRefused(sentence);
}
