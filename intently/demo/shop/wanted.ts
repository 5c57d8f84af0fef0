/** What the strip "Wanted now" says of each item: pure, over a pool. */

import type { Pool, PoolItem } from '../../../contracts/types';

export interface Wanted {
  /** catalogue index */
  readonly item: number;
  /** Not in the pool that this tab held first. */
  readonly isNew: boolean;
  /** The count's interval in words, '' where nothing was counted. */
  readonly words: string;
  /** Ends of the interval as shares of the widest shown, 0..1; null where nothing was counted. */
  readonly range: { readonly low: number; readonly high: number } | null;
}

/** Rows for `shown`, in that order. `first` holds the items of the pool that the tab began with. */
export function wantedRows(pool: Pool, shown: readonly number[], first: ReadonlySet<number>): readonly Wanted[] {
  const entries = new Map(pool.items.map((entry) => [entry.item, entry]));
  const rows = shown.map((item) => entries.get(item)).filter((entry) => entry !== undefined);
  const widest = Math.max(1, ...rows.filter(isCounted).map(({ high }) => high));
  return rows.map((entry) => ({
    item: entry.item,
    isNew: !first.has(entry.item),
    words: isCounted(entry) ? `in ${bound(entry.low)}–${bound(entry.high)} reports` : '',
    range: isCounted(entry) ? { low: share(entry.low, widest), high: share(entry.high, widest) } : null,
  }));
}

/** The pool in one line: whose counts order it. */
export function poolWords(pool: Pool): string {
  if (pool.epoch === 0) return 'Still the order of the log: the first private counts come with the next epoch';
  // Rounded down: 99.999 % must not read as certainty.
  const confidence = `${Math.floor(pool.confidence * 1000) / 10} %`;
  return `Counted from ${pool.reports.toLocaleString('en')} randomized reports; lower ends hold with ${confidence} confidence`;
}

const isCounted = ({ low, high, reason }: PoolItem): boolean => reason !== 'prior' && high > low;
const bound = (count: number): string => Math.max(0, Math.round(count)).toLocaleString('en');
const share = (count: number, widest: number): number => Math.min(1, Math.max(0, count / widest));
