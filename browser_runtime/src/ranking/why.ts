/** "Why this", in plain words: what is true of an item in this session. Pure. */

import type { Feedback } from './feedback';

export type WhyCode =
  | 'pinned'
  | 'explored'
  | 'seen_before'
  | 'cart_category'
  | 'clicked_category'
  | 'model'
  | 'wanted'
  | 'new'
  | 'popular'
  | 'given';

export interface Why {
  readonly code: WhyCode;
  /** Category that the words name, 0 for none. */
  readonly category: number;
  /** English; a shop of another language writes its own from `code`. */
  readonly words: string;
}

/** What is known of where items come from. */
export interface Origins {
  /** Reason of an item in the pool; undefined: not in it. */
  readonly poolReason: (item: number) => 'wanted' | 'prior' | 'new' | undefined;
  readonly categoryName: (category: number) => string;
  readonly pinned: ReadonlySet<number>;
  readonly explored: ReadonlySet<number>;
  /** Whether the model ordered this list. */
  readonly scored: boolean;
}

const POOL_CODES = { wanted: 'wanted', new: 'new', prior: 'popular' } as const;

export function whyOf(item: number, category: number, feedback: Feedback, origins: Origins): Why {
  const code = codeOf(item, category, feedback, origins);
  const named = code === 'cart_category' || code === 'clicked_category' ? category : 0;
  return { code, category: named, words: WORDS[code](origins.categoryName(named)) };
}

function codeOf(item: number, category: number, feedback: Feedback, origins: Origins): WhyCode {
  if (origins.pinned.has(item)) return 'pinned';
  if (origins.explored.has(item)) return 'explored';
  if (!origins.scored) {
    const reason = origins.poolReason(item);
    return reason === undefined ? 'given' : POOL_CODES[reason];
  }
  if (feedback.clicks.has(item)) return 'seen_before';
  if (feedback.cartCategories.has(category)) return 'cart_category';
  return feedback.clickShare.has(category) ? 'clicked_category' : 'model';
}

const WORDS: Readonly<Record<WhyCode, (category: string) => string>> = {
  pinned: () => 'Placed here by the shop.',
  explored: () => 'Something different, by chance.',
  seen_before: () => 'You looked at it in this visit.',
  cart_category: (category) => `In ${category}, like something in your cart.`,
  clicked_category: (category) => `In ${category}, like something you looked at in this visit.`,
  model: () => 'Often chosen by those who looked at what you looked at.',
  wanted: () => 'Wanted by many in this shop now.',
  new: () => 'New in this shop.',
  popular: () => 'Often chosen in this shop.',
  given: () => "In the shop's own order.",
};
