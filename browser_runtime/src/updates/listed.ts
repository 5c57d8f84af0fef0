/** The catalogue as the runtime asks it: by index, without holding an object for each item. */

import type { Catalogue, Item } from '../../../contracts/types';

/** Indices count from 1. */
export interface Listed {
  readonly currency: string;
  /** Highest index. */
  readonly size: number;
  /** Category of each item by its index, 0 for none; entry 0 is 0. */
  readonly categories: Uint16Array<ArrayBuffer>;
  /** null: no such item. */
  item(index: number): Item | null;
  /** '' where there is no such category. */
  categoryName(category: number): string;
  /** Index of the first category of this name, 0 for none. */
  categoryOf(name: string): number;
  /** null: the catalogue has no such SKU. */
  indexOf(sku: string): number | null;
  /** The document, made when it is first asked for: for a page's own use. */
  whole(): Catalogue;
}

/** Of a catalogue that came as JSON. */
export function listedOf(catalogue: Catalogue): Listed {
  let bySku: Map<string, number> | null = null;
  return {
    currency: catalogue.currency,
    size: catalogue.items.length,
    categories: Uint16Array.from([0, ...catalogue.items.map(({ category }) => category)]),
    item: (index) => catalogue.items[index - 1] ?? null,
    categoryName: (category) => catalogue.categories[category - 1]?.name ?? '',
    categoryOf: (name) => catalogue.categories.findIndex((category) => category.name === name) + 1,
    indexOf(sku) {
      bySku ??= new Map(catalogue.items.map((item, at) => [item.sku, at + 1]));
      return bySku.get(sku) ?? null;
    },
    whole: () => catalogue,
  };
}
