/** What a tab notices: the contract's events of the sequence, each about an item, and signals that are not part of it. */

import type { Event, EventType } from '../../contracts/types';

export type { Event, EventType };

/** One of Google Analytics 4's `items[]`; only these fields are read, and only in this tab. */
export interface Ga4Item {
  /** SKU, or the catalogue index. */
  readonly item_id?: string | number;
  readonly index?: number;
  readonly item_list_name?: string;
}

/** What a shop or a sensor says happened; times are filled in by the session. */
export interface EventInput {
  readonly type: EventType | 'page_view' | 'search';
  /** Catalogue index, from 1. */
  readonly item?: number;
  /** Instead of `item`: GA4's shape. One event is recorded for each. */
  readonly items?: readonly Ga4Item[];
}

/** Happenings without an item: counted in the session, never kept one by one. A search's words and a page's address are not read. */
export type Counted = 'page_view' | 'search' | 'click' | 'rage_click' | 'quick_back';

/** Noticed by a sensor, kept in no buffer. */
export type Signal =
  | { readonly kind: Counted }
  /** Visible time on the item being viewed, so far. */
  | { readonly kind: 'dwell'; readonly item: number; readonly dwell_ms: number }
  /** Deepest part of the page that was seen, 0..1. */
  | { readonly kind: 'scroll'; readonly depth: number }
  /** Deepest part of an item's own element that was seen, 0..1. */
  | { readonly kind: 'item_scroll'; readonly item: number; readonly depth: number }
  /** At least half of the item was in view for a second (both can be set). `position` counts from 0. */
  | { readonly kind: 'impression'; readonly item: number; readonly list: string; readonly position: number }
  /** An item of a list was chosen. */
  | { readonly kind: 'choice'; readonly item: number; readonly list: string; readonly position: number }
  /** A viewable impression ended, or another item of the list was chosen, without a click on this one. */
  | { readonly kind: 'skip'; readonly item: number; readonly list: string; readonly position: number };
