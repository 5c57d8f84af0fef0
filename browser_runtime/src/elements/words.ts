/** What a list says by itself; a page of another language sets `words`. */

import type { RecsWords } from '../api';
import type { Why } from '../ranking/why';

const ENGLISH: Pick<RecsWords, 'label' | 'dismiss' | 'removed'> = {
  label: 'Recommended for you',
  dismiss: 'Not interested in {name}',
  removed: '{name} is no longer recommended.',
};

export function wordsOf(given: Partial<RecsWords>): RecsWords {
  return { ...ENGLISH, why: {}, ...given };
}

export function whyWords(words: RecsWords, why: Why, category: string): string {
  return words.why[why.code]?.replaceAll('{category}', category) ?? why.words;
}

export function named(text: string, name: string): string {
  return text.replaceAll('{name}', name);
}
