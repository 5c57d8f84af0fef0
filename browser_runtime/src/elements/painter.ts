/** What shows a ranked list: cards of our own, or the children that the server rendered. */

import type { Pin, Ranked } from '../api';

export interface Painter {
  /** Items that the page offers here; null: the pool, then the catalogue. */
  readonly candidates: readonly number[] | null;
  /** What must be fetched, the same for everyone, before a list may depend on the shopper. */
  ready(): Promise<void>;
  /** Show the list; returns the items shown. */
  paint(ranked: Ranked): readonly number[];
  /** The card that has the focus keeps its place. */
  focused(): Pin | null;
  /** Tell those who do not see that something went because they wanted it. */
  say(sentence: string): void;
  nameOf(item: number): string;
  stop(): void;
}

/** What a person did with a card. */
export interface Chosen {
  select(item: number, event: Event): void;
  dismiss(item: number): void;
}
