import { describe, expect, it } from 'vitest';
import type { Pool, PoolItem } from '../../../contracts/types';
import { poolWords, wantedRows } from './wanted';

const entry = (item: number, low: number, high: number, reason: PoolItem['reason'] = 'wanted'): PoolItem => ({
  item,
  reason,
  count: (low + high) / 2,
  low,
  high,
});
const pool = (...items: PoolItem[]): Pool => ({
  type: 'pool',
  shop: 's',
  demo: true,
  epoch: 9,
  collection: 1,
  reports: 2140,
  confidence: 0.95,
  base: '',
  left_out: [],
  previous: '',
  smoothed: [],
  items,
});

describe('wantedRows', () => {
  it('says the interval, never a single number', () => {
    const [row] = wantedRows(pool(entry(4, 31.4, 57.6)), [4], new Set([4]));
    expect(row).toMatchObject({ item: 4, isNew: false, words: 'in 31–58 reports' });
    expect(row?.range?.high).toBe(1);
    expect(row?.range?.low).toBeCloseTo(31.4 / 57.6);
  });

  it('never says that fewer than nobody wants something', () => {
    const [row] = wantedRows(pool(entry(4, -12, 8)), [4], new Set());
    expect(row).toMatchObject({ words: 'in 0–8 reports', range: { low: 0, high: 1 } });
  });

  it('claims no count for items from the log', () => {
    const [row] = wantedRows(pool(entry(4, -3, 8, 'prior')), [4], new Set());
    expect(row).toMatchObject({ words: '', range: null });
  });

  it('marks what the tab’s first pool did not have, in the order shown, and drops what the pool lost', () => {
    const rows = wantedRows(pool(entry(1, 1, 2), entry(2, 1, 2), entry(3, 1, 2)), [3, 1, 9], new Set([1]));
    expect(rows.map(({ item, isNew }) => [item, isNew])).toEqual([
      [3, true],
      [1, false],
    ]);
  });
});

describe('poolWords', () => {
  it('names the number of reports and the confidence, or the log', () => {
    expect(poolWords(pool())).toBe('Counted from 2,140 randomized reports; lower ends hold with 95 % confidence');
    expect(poolWords({ ...pool(), confidence: 0.99999 })).toContain('99.9 %');
    expect(poolWords({ ...pool(), epoch: 0 })).toContain('order of the log');
  });
});
