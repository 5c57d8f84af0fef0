/** A report in plain words, true of the bytes and of nothing else. */

import type { ReportView } from '../api';
import { MICRO } from '../constants';
import { toHex } from '../lib/bytes';
import type { Slot } from './slot';

const KINDS = {
  item_dwelled: 'an item you stayed with',
  item_skipped: 'an item you passed over',
  category_intent: 'the kind of thing you seem to look for',
} as const;

export function viewOf(slot: Slot): ReportView {
  return {
    epoch: slot.epoch,
    collection: slot.collection.id,
    collectionName: slot.collection.name,
    state: slot.state,
    at_ms: slot.sealed_ms || slot.due_ms,
    url: slot.url,
    bodyHex: slot.body === null ? '' : toHex(slot.body),
    message: slot.message,
    supporters: slot.supporters,
    epsilon: slot.collection.epsilon_micro / MICRO,
    words: wordsOf(slot),
    httpStatus: slot.http_status,
  };
}

export function wordsOf(slot: Slot): string {
  const asked = `${KINDS[slot.collection.kind]}, or “nothing”`;
  switch (slot.state) {
    case 'waiting':
      return `A coin chose the question “${asked}” before you did anything. One blurred answer will leave at a time drawn by chance.`;
    case 'dropped':
      return 'Nothing was sent: the page was closed before the time that was drawn, or reports were switched off.';
    case 'capped':
      return 'Nothing was sent: the limit for 90 days is used up.';
    default:
      return `${sealedWords(slot)} ${ENDINGS[slot.state]}`;
  }
}

const ENDINGS = {
  sealed: 'It has not left yet.',
  sent: 'It was sent.',
  refused: 'The server did not take it.',
  failed: 'It could not be sent; the same bytes will be tried again.',
} as const;

function sealedWords({ collection, message, supporters }: Slot): string {
  const odds = Math.round(collection.mechanism.w / collection.mechanism.v);
  const values = (collection.domain_size + 1).toLocaleString('en');
  const asked = `It answers “${KINDS[collection.kind]}, or ‘nothing’” with the number ${message}.`;
  if (collection.mechanism.kind === 'k_ary') {
    return `${asked} The number was chosen by chance among ${values}; your true answer was at most ${odds} times likelier to give it than any other.`;
  }
  return `${asked} Any of ${supporters === 0 ? 'many' : supporters.toLocaleString('en')} of the ${values} possible answers would look just like this, and all others are possible too, at most ${odds} times less likely.`;
}
