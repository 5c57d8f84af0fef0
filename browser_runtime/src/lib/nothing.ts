/** What is held before anything is: of the page's first moments, and where the runtime cannot be loaded. */

import type { SessionState } from '../../../tracker/src/state';
import type { Ranked, RankOptions, Snapshot } from '../api';
import type { Pinned } from '../constants';

export function emptySnapshot({ shop, demo }: Pinned, notes: readonly string[]): Snapshot {
  return {
    events: [], dropped: 0, viewing: null, cart: [], scroll_depth: 0, dwell_ms: 0, impressions: 0, skips: 0,
    feedback: { skips: {}, dismissed: [], bought: [] }, scoring: null, lastRanked: null, cards: null,
    status: { tier: 'pool', model: 'none', updates: 'none', reports: 'off', notes }, versions: null, budget: null, reports: [],
    consent: { personalize: true, reports: true }, globalPrivacyControl: false, shop, demo,
  }; // biome-ignore format: one line reads better
}

/** The order given, less what the page excludes: with no signed files there is nothing else to go by. */
export function asGiven(
  candidates: readonly number[],
  { placement = '', count, exclude = [] }: RankOptions,
  known: { readonly viewing: number | null; readonly cart: readonly number[] },
): Ranked {
  const hidden = new Set([...exclude, ...known.cart, known.viewing]);
  const items = [...new Set(candidates)].filter((item) => !hidden.has(item)).slice(0, count);
  const given = { code: 'given', category: 0, words: '' } as const;
  const ms = { features: 0, worker: 0, model: 0, rank: 0, total: 0 };
  return { placement, tier: 'pool', items, scores: [], why: items.map(() => given), ms };
}

/** What is remembered before the runtime is there. */
export const NO_SESSION: SessionState = {
  started_ms: 0, last_ms: 0, events: [], dropped: 0, viewing: null, cart: [], cart_ms: 0, forgot_ms: 0, counts: [0, 0, 0, 0, 0],
}; // biome-ignore format: one line reads better
