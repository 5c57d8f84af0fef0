/** A page of one category offers the items of its list in the category pool: the same for everyone on that page. */

import type { CategoryPool } from '../../../contracts/types';
import { sentenceOf, UpdateRefused } from '../lib/errors';
import { parseJson } from './envelope';
import type { Files } from './files';
import type { HeldSet } from './updater';

type Lists = ReadonlyMap<number, readonly number[]>;

export class CategoryLists {
  private known: { readonly sha256: string; readonly lists: Lists } | null = null;
  /** The category's own items, where no pool lists it: made once for a set and category. */
  private made: { readonly held: HeldSet; readonly category: number; readonly items: readonly number[] } | null = null;

  constructor(private readonly onFault: (sentence: string) => void) {}

  /** Have the lists of the manifest in force; a page that shows no category never asks. Never rejects. */
  async load({ manifest }: HeldSet, files: Files): Promise<void> {
    const ref = manifest.category_pool;
    if (!ref || ref.sha256 === this.known?.sha256) return;
    try {
      const pool = parseJson<CategoryPool>(await files.get(ref), 'category pool');
      this.known = { sha256: ref.sha256, lists: listsOf(pool) };
    } catch (fault) {
      this.onFault(`${sentenceOf(fault)}; items of a category stand in the pool's order`);
    }
  }

  /** Candidates of a page of this category. `category`: index, or the catalogue's name of it. */
  of(held: HeldSet, category: number | string): readonly number[] {
    const index = indexOf(held, category);
    if (index < 1) return [];
    const listed =
      held.manifest.category_pool?.sha256 === this.known?.sha256 ? this.known?.lists.get(index) : undefined;
    if (listed !== undefined) return listed;
    if (this.made?.held !== held || this.made.category !== index) {
      const items = held.candidates.filter((item) => held.listed.categories[item] === index);
      this.made = { held, category: index, items };
    }
    return this.made.items;
  }
}

/** 0 where there is none of this name. */
function indexOf({ listed }: HeldSet, category: number | string): number {
  const index = Number(category);
  return Number.isInteger(index) ? index : listed.categoryOf(String(category));
}

/** Throws `UpdateRefused`. */
function listsOf(pool: CategoryPool): Lists {
  const whole = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 1;
  const good = pool?.lists?.every?.(({ category, items }) => whole(category) && items?.every?.(whole));
  if (good !== true) throw new UpdateRefused('category pool: lists must hold catalogue indices');
  return new Map(pool.lists.map(({ category, items }) => [category, items]));
}
