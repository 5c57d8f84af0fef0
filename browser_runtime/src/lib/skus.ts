/** Catalogue index by SKU, made once for each catalogue. */

import type { Catalogue } from '../../../contracts/types';

const MADE = new WeakMap<Catalogue, ReadonlyMap<string, number>>();

/** Index from 1; null where the catalogue has no such SKU. */
export function indexOfSku(catalogue: Catalogue, sku: string): number | null {
  const made = MADE.get(catalogue) ?? new Map(catalogue.items.map((item, at) => [item.sku, at + 1]));
  MADE.set(catalogue, made);
  return made.get(sku) ?? null;
}
