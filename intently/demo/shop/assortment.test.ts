import { describe, expect, it } from 'vitest';
import type { Catalogue, PoolItem } from '../../../contracts/types';
import { assortmentOf } from './assortment';
import { honestLine } from './demo_info';
import { formatter } from './money';

const item = (sku: string, category: number) => ({ sku, name: sku, category, price_minor: 100, thumbnail: '' });
const catalogue: Catalogue = {
  version: 1,
  shop: 'shop',
  currency: 'EUR',
  generated: [],
  categories: [
    { index: 1, name: 'Mugs', parent: 0 },
    { index: 2, name: 'Lamps', parent: 0 },
    { index: 3, name: 'Empty', parent: 0 },
  ],
  items: [item('a', 1), item('b', 2), item('c', 2), item('d', 1)],
};
const pool = (...items: number[]): PoolItem[] =>
  items.map((item) => ({ item, reason: 'prior', count: 0, low: 0, high: 0 }));
const indices = (offers: readonly { index: number }[]) => offers.map(({ index }) => index);

describe('assortment', () => {
  it('shows the pool first, in its order, then the rest by index', () => {
    expect(indices(assortmentOf(catalogue, pool(3, 1)).shelf(0, 9))).toEqual([3, 1, 2, 4]);
  });

  it('keeps a category to itself and to the most that was asked', () => {
    const shop = assortmentOf(catalogue, pool(4, 3));
    expect(indices(shop.shelf(1, 9))).toEqual([4, 1]);
    expect(indices(shop.shelf(1, 1))).toEqual([4]);
    expect(shop.shelf(3, 9)).toEqual([]);
  });

  it('names categories that sell something, the most wanted first', () => {
    expect(indices(assortmentOf(catalogue, pool(2, 3, 1)).categories)).toEqual([2, 1]);
    expect(indices(assortmentOf(catalogue, []).categories)).toEqual([1, 2]);
  });

  it('knows no item outside the catalogue, even if a pool names it', () => {
    const shop = assortmentOf(catalogue, pool(99, 2));
    expect(shop.offer(99)).toBeNull();
    expect(shop.offer(0)).toBeNull();
    expect(indices(shop.shelf(0, 1))).toEqual([2]);
  });
});

describe('honestLine', () => {
  const info = { title: '', source_words: '', simulated: false, generated: [], epoch_s: 20, minimum_batch: 200 };
  it('says simulated', () => expect(honestLine({ ...info, simulated: true })).toContain('Simulated shop'));
  it('names the log and what was made up', () => {
    expect(honestLine({ ...info, source_words: 'events.parquet', generated: ['name', 'price', 'thumbnail'] })).toBe(
      'Built from events.parquet; names, prices and pictures are generated. The other shoppers who report are simulated.',
    );
    expect(honestLine({ ...info, source_words: 'x.csv' })).toBe(
      'Built from x.csv. The other shoppers who report are simulated.',
    );
  });
});

describe('formatter', () => {
  it('knows the minor unit of the currency', () => {
    expect(formatter('EUR')(1999)).toBe('€19.99');
    expect(formatter('JPY')(1999)).toBe('¥1,999');
  });
});
