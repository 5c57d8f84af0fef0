/** The reports of the lens: one row each, newest first, opened to its exact bytes. */

import type { ReportView } from '../api';
import { h } from './dom';
import { STATE_WORDS } from './lens_words';

/** Rows by epoch, so that one that is open stays open. */
export class ReportRows {
  private readonly rows = new Map<number, { shown: string; element: HTMLDetailsElement }>();

  constructor(private readonly place: HTMLElement) {}

  show(reports: readonly ReportView[]): void {
    const newest = reports.toReversed();
    for (const report of newest) this.row(report);
    const wanted = newest.map(({ epoch }) => this.rows.get(epoch)?.element).filter((element) => element !== undefined);
    const inPlace = [...this.place.children];
    if (wanted.length !== inPlace.length || wanted.some((element, at) => element !== inPlace[at]))
      this.place.replaceChildren(...wanted);
  }

  private row(report: ReportView): void {
    const shown = JSON.stringify(report);
    const known = this.rows.get(report.epoch);
    if (known?.shown === shown) return;
    const element = known?.element ?? h('details', { part: 'report' });
    element.replaceChildren(...contentsOf(report));
    this.rows.set(report.epoch, { shown, element });
  }
}

function contentsOf(report: ReportView): Node[] {
  const when = new Date(report.at_ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const state = h('span', { class: 'state', 'data-state': report.state }, STATE_WORDS[report.state]);
  const summary = h(
    'summary',
    {},
    h('strong', {}, when),
    h('span', {}, report.collectionName.replaceAll('_', ' ')),
    state,
  );
  return [summary, h('div', {}, h('p', {}, report.words), ...bytesOf(report))];
}

function bytesOf(report: ReportView): Node[] {
  if (report.bodyHex === '') return [];
  const facts: [string, string][] = [
    ['To', report.url],
    ['Epoch', String(report.epoch)],
    ['Number inside', String(report.message)],
    ['Blur (epsilon)', report.epsilon.toFixed(3)],
    ['Answer of the server', report.httpStatus === 0 ? 'none' : String(report.httpStatus)],
  ];
  const spaced = report.bodyHex.replaceAll(/(.{8})/g, '$1 ').trim();
  const list = h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
  return [
    h(
      'p',
      { class: 'quiet' },
      `Exactly these ${report.bodyHex.length / 2} bytes (only the analyzer's key opens them):`,
    ),
    h('code', { class: 'bytes', part: 'bytes' }, spaced),
    list,
  ];
}
