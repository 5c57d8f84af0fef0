/** What the shop sells and in which order it shows it: pure, over a catalogue and a pool. */

import type { Catalogue, Category, Item, PoolItem } from '../../../contracts/types';

/** An item and its catalogue index. */
export interface Offer extends Item {
  readonly index: number;
}

export interface Assortment {
  readonly shop: string;
  readonly currency: string;
  /** Categories that have items, those with most candidates in the pool first. */
  readonly categories: readonly Category[];
  offer(index: number): Offer | null;
  categoryName(index: number): string;
  /** At most `most` items of a category (0: of all), in pool order, then by catalogue index: the same list for every visitor. */
  shelf(category: number, most: number): readonly Offer[];
}

/** Assortment of `catalogue`, ordered by `pool`. */
export function assortmentOf(catalogue: Catalogue, pool: readonly PoolItem[]): Assortment {
  const offers = catalogue.items.map((item, at): Offer => ({ ...item, index: at + 1 }));
  const offer = (index: number): Offer | null => offers[index - 1] ?? null;
  const ordered = inPoolOrder(offers, pool);
  const shelves = new Map<number, Offer[]>();
  for (const each of ordered) {
    const shelf = shelves.get(each.category);
    if (shelf) shelf.push(each);
    else shelves.set(each.category, [each]);
  }
  return {
    shop: catalogue.shop,
    currency: catalogue.currency,
    categories: categoriesBySize(catalogue.categories, shelves, pool, offer),
    offer,
    categoryName: (index) => catalogue.categories[index - 1]?.name ?? '',
    shelf: (category, most) => (category === 0 ? ordered : (shelves.get(category) ?? [])).slice(0, most),
  };
}

function inPoolOrder(offers: readonly Offer[], pool: readonly PoolItem[]): readonly Offer[] {
  const place = new Map(pool.map(({ item }, at) => [item, at]));
  const placeOf = (offer: Offer): number => place.get(offer.index) ?? pool.length + offer.index;
  return [...offers].sort((a, b) => placeOf(a) - placeOf(b));
}

function categoriesBySize(
  categories: readonly Category[],
  shelves: ReadonlyMap<number, readonly Offer[]>,
  pool: readonly PoolItem[],
  offer: (index: number) => Offer | null,
): readonly Category[] {
  const candidates = new Map<number, number>();
  for (const { item } of pool) {
    const category = offer(item)?.category ?? 0;
    candidates.set(category, (candidates.get(category) ?? 0) + 1);
  }
  const sizeOf = ({ index }: Category): number => candidates.get(index) ?? 0;
  return categories
    .filter(({ index }) => shelves.has(index))
    .sort((a, b) => sizeOf(b) - sizeOf(a) || a.index - b.index);
}
