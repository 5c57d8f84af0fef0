/** What a tab notices: the contract's events of the sequence, and signals that are not part of it. */

import type { Event, EventType } from '../../contracts/types';

export type { Event, EventType };

/** What a shop says happened; times are filled in by the session. */
export interface EventInput {
  readonly type: EventType;
  /** Catalogue index, from 1. */
  readonly item: number;
}

/** Noticed by a sensor, kept in no buffer. */
export type Signal =
  /** Visible time on the item being viewed, so far. */
  | { readonly kind: 'dwell'; readonly item: number; readonly dwell_ms: number }
  /** Deepest part of the page that was seen, 0..1. */
  | { readonly kind: 'scroll'; readonly depth: number }
  /** At least half of the item was in view for a second. */
  | { readonly kind: 'impression'; readonly item: number; readonly list: string; readonly position: number }
  /** A viewable impression ended, or another item of the list was chosen, without a click on this one. */
  | { readonly kind: 'skip'; readonly item: number; readonly list: string };
