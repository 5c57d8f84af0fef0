/** What the lens says, from a snapshot. Pure. */

import type { EventType } from '../../../contracts/types';
import type { Counted } from '../../../tracker/src/event';
import { COUNTED } from '../../../tracker/src/stored';
import type { Snapshot } from '../api';

export const EVENT_WORDS: Readonly<Record<EventType, string>> = {
  view_item: 'looked at',
  select_item: 'chose',
  view_item_list: 'had in view',
  add_to_cart: 'put in cart',
  remove_from_cart: 'took out',
  purchase: 'bought',
  begin_checkout: 'went to pay for',
};

export const STATE_WORDS = {
  waiting: 'waiting',
  sealed: 'sealed',
  sent: 'sent',
  refused: 'not confirmed',
  failed: 'no confirmation',
  dropped: 'nothing sent',
  capped: 'limit reached',
} as const;

const KEPT =
  "The list is kept by this shop's open tabs alone, and ends with them. One number of it may wait in this browser's storage for the next report, until it is blurred or you come back; switching reports off deletes it.";

export function knownWords(snapshot: Snapshot): string {
  const { events, impressions, skips } = snapshot;
  if (events.length === 0) return `Nothing yet. What you do here will be listed in this place. ${KEPT}`;
  const passed = skips > 0 ? `, and you passed over ${skips}` : '';
  return `${counted(events.length, 'event')} in this tab. On this page ${counted(impressions, 'item')} came into view${passed}. ${KEPT}`;
}

export const TRANSFER_WORDS =
  'What this tab knows can go on in a browser of yours elsewhere, without an account. It is shown to you there before anything is added.';

/** Happenings that are counted and not listed, '' for none. */
export function countsWords(counts: readonly number[]): string {
  const words: Readonly<Record<Counted, string>> = {
    page_view: 'page',
    search: 'search',
    click: 'click',
    rage_click: 'click burst',
    quick_back: 'quick return',
  };
  const happened = COUNTED.map((kind, at) => [kind, counts[at] ?? 0] as const).filter(([, count]) => count > 0);
  const said = happened.map(([kind, count]) => counted(count, words[kind], kind === 'search' ? 'es' : 's'));
  return said.length === 0 ? '' : `Counted, without what or where: ${said.join(', ')}.`;
}

export function scoringWords({ scoring, status, lastRanked }: Snapshot): string {
  if (scoring !== null && status.tier !== 'pool') {
    const { total, worker, model, features } = scoring.ms;
    return `Worked out here, in ${ms(total)}: ${ms(features)} to prepare, ${ms(worker)} for the worker (${ms(model)} of it the model) and ${ms(scoring.ms.rank)} to sort ${counted(scoring.candidates.length, 'item')}.`;
  }
  if (status.model === 'ready')
    return 'The model is ready; it has nothing to go by yet, so items stand in the order that is the same for everyone.';
  const why = status.notes.at(-1);
  if (status.model === 'failed') return `Items stand in the order that is the same for everyone. ${why ?? ''}`;
  return lastRanked === null
    ? 'Nothing has been ranked yet.'
    : 'The model is not loaded yet; items stand in the order that is the same for everyone.';
}

export function reportsWords({ status, consent, globalPrivacyControl, reports }: Snapshot): string {
  if (globalPrivacyControl) return 'Your browser asks not to share data (Global Privacy Control): nothing is reported.';
  if (!consent.reports)
    return 'Reports are switched off: none leaves this browser. The items are still ordered for you, in here.';
  if (status.reports === 'refused')
    return 'This shop asked for more than this program allows. It was refused, and nothing is reported.';
  if (status.reports === 'unavailable') return 'This browser keeps no record of what was sent, so nothing is sent.';
  const left = reports.filter(({ handedOver }) => handedOver);
  const open = left.filter(({ state }) => state !== 'sent').length;
  const unconfirmed = open === 0 ? '' : ` (no confirmation of ${open})`;
  return `${counted(left.length, 'report')} left this browser${unconfirmed}. Each is 56 bytes and answers one question with a number blurred by chance; its body carries no name, cookie or address.`;
}

export function budgetWords({ budget }: Snapshot): string {
  if (budget === null) return '';
  const { spent_epsilon, left_epsilon, cap_epsilon, cap_days } = budget;
  return `${spent_epsilon.toFixed(1)} of ${cap_epsilon} spent in ${cap_days} days, ${left_epsilon.toFixed(1)} left. At the limit this browser falls silent.`;
}

/** One decimal, or `< 0.1`. */
export function ms(value: number): string {
  return value < 0.1 ? '< 0.1 ms' : `${value.toFixed(1)} ms`;
}

function counted(count: number, noun: string, plural = 's'): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : plural}`;
}
