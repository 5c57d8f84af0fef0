import { expect, test } from 'vitest';
import type { ReportView, Snapshot } from '../src/api';
import { knownWords, reportsWords } from '../src/elements/lens_words';
import { wordsOf } from '../src/reports/words';

const view = (state: ReportView['state'], handedOver: boolean): ReportView => ({ state, handedOver }) as ReportView;

function said(...reports: ReportView[]): string {
  const consent = { personalize: true, reports: true };
  return reportsWords({
    status: { reports: 'on' },
    consent,
    globalPrivacyControl: false,
    reports,
  } as never as Snapshot);
}

test('what was handed to the network counts as left, confirmed or not', () => {
  expect(said(view('sent', true))).toMatch(/^1 report left this browser\. /);
  expect(said(view('waiting', false), view('dropped', false))).toMatch(/^0 reports left this browser\. /);
  for (const state of ['refused', 'failed', 'sealed', 'dropped'] as const)
    expect(said(view('sent', true), view(state, true)), state).toMatch(
      /^2 reports left this browser \(no confirmation of 1\)/,
    );
});

test('the claim about name, cookie and address is of the body', () => {
  expect(said(view('sent', true))).toMatch(/its body carries no name, cookie or address/);
});

test('the lens says that one number may wait in storage', () => {
  const words = [0, 1].map((count) =>
    knownWords({ events: Array(count).fill({}), impressions: 0, skips: 0 } as never as Snapshot),
  );
  for (const sentence of words) {
    expect(sentence).toMatch(/may wait in this browser's storage/);
    expect(sentence).not.toMatch(/leaves with the tab/);
  }
});

test('odds are rounded up: "at most" holds', () => {
  for (const [w, v, odds] of [
    [9, 2, 5],
    [41, 10, 5],
    [20, 1, 20],
  ] as const) {
    const collection = { kind: 'item_dwelled', domain_size: 9, mechanism: { kind: 'k_ary', w, v } };
    expect(wordsOf({ state: 'sent', collection, message: 1, supporters: 1 } as never)).toContain(
      `at most ${odds} times`,
    );
  }
});
