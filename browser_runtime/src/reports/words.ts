/** A report in plain words, true of the bytes and of nothing else. */

import type { ReportView } from '../api';
import { MICRO } from '../constants';
import { toHex } from '../lib/bytes';
import { BODY_BYTES } from './seal';
import type { Slot } from './slot';
import { lacksToken } from './tickets';

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
    handedOver: slot.sending_until > 0,
  };
}

export function wordsOf(slot: Slot): string {
  const asked = `${KINDS[slot.collection.kind]}, or “nothing”`;
  switch (slot.state) {
    case 'waiting':
      return `A coin chose the question “${asked}” before you did anything. One blurred answer will leave at a time drawn by chance.${lacksToken(slot) ? ' It waits for a token of the shop: without one nothing leaves.' : ''}`;
    case 'dropped':
      if (slot.sending_until > 0)
        return `${sealedWords(slot)} It was handed to the network without a confirmation before reports were switched off; it will not be tried again.`;
      return 'Nothing was sent: the page was closed before the time that was drawn, or reports were switched off.';
    case 'capped':
      return 'Nothing was sent: the limit for 90 days is used up.';
    default:
      return `${sealedWords(slot)} ${tokenWords(slot)}${ENDINGS[slot.state]}`;
  }
}

const ENDINGS = {
  sealed: 'It is about to leave, or leaving.',
  sent: 'It was sent, and the server confirmed it.',
  refused: 'It was sent; the server did not confirm it, and it will not be tried again.',
  failed:
    'It was handed to the network, without a confirmation. A page opened while its epoch lasts tries the same bytes again.',
} as const;

function tokenWords({ body }: Slot): string {
  if ((body?.length ?? 0) <= BODY_BYTES) return '';
  return 'With it goes a token: it proves that the shop signed it for somebody who was signed in, and not for whom. ';
}

function sealedWords({ collection, message, supporters }: Slot): string {
  const odds = Math.ceil(collection.mechanism.w / collection.mechanism.v);
  const values = (collection.domain_size + 1).toLocaleString('en');
  const asked = `It answers “${KINDS[collection.kind]}, or ‘nothing’” with the number ${message}.`;
  if (collection.mechanism.kind === 'k_ary') {
    return `${asked} The number was chosen by chance among ${values}; your true answer was at most ${odds} times likelier to give it than any other.`;
  }
  return `${asked} Any of ${supporters === 0 ? 'many' : supporters.toLocaleString('en')} of the ${values} possible answers would look just like this, and all others are possible too, at most ${odds} times less likely.`;
}
