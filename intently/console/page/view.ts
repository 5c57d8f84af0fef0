/** Shows a report. Numbers come as text from Python and are shown as they came. */

import { byId, type Column, describe, fill, make } from './elements';
import type { Explained, Facts, PlanReport, PlanRow, ReceiptRow, Report, SpentRow, TotalRow } from './protocol';

const TOTALS: readonly Column<TotalRow>[] = [
  ['Collection', '', (row) => row.collection],
  ['Against', '', (row) => row.audience],
  ['Epochs', 'number', (row) => row.epochs],
  ['Reports', 'number', (row) => row.reports],
  ['Epsilon', 'number', (row) => row.epsilon],
  ['Delta', 'number', (row) => row.delta],
];

const RECEIPTS: readonly Column<ReceiptRow>[] = [
  ['', 'mark', (row) => (row.ok ? '✓' : '✗')],
  ['Epoch', 'number', (row) => row.epoch],
  ['Collection', '', (row) => row.collection],
  ['Reports', 'number', (row) => row.reports],
  ['Mechanism', '', (row) => row.mechanism],
  ['Local', 'number', (row) => row.local],
  ['Shuffled', 'number', (row) => row.shuffled],
  ['Public', 'number', (row) => row.public],
  ['Delta', 'number', (row) => row.delta],
  ['Operators', 'number', (row) => row.operators],
  ['Ledger line', 'number', (row) => row.entry],
  ['File', 'mono file', (row) => row.path],
];

const SPENT: readonly Column<SpentRow>[] = [
  ['Collection', '', (row) => row.collection],
  ['Closes', 'number', (row) => row.closes],
  ['Reports', 'number', (row) => row.reports],
  ['Epsilon', 'number', (row) => row.epsilon],
];

const PLAN: readonly Column<PlanRow>[] = [
  ['Collection', '', (row) => row.collection],
  ['Audience', '', (row) => row.audience],
  ['Report', 'number', (row) => row.report],
  ['Day', 'number', (row) => row.day],
  ['Month', 'number', (row) => row.month],
  ['90 days', 'number', (row) => row.cap],
  ['Year', 'number', (row) => row.year],
  ['Reports a year', 'number', (row) => row.reports],
];

type State = 'busy' | 'good' | 'bad' | 'open';
const BADGES: Record<State, string> = {
  busy: 'Working',
  good: 'Verified',
  bad: 'Refused',
  open: 'Consistent, key not pinned',
};

/** The card at the top. */
export function showVerdict(state: State, headline: string, stage: string): void {
  byId('verdict').dataset.state = state;
  byId('badge').textContent = BADGES[state];
  byId('headline').textContent = headline;
  byId('stage').textContent = stage;
  byId('bar').hidden = state !== 'busy';
  byId('problems').hidden = true;
}

function showProblems(report: Report): void {
  const list = byId('problems');
  list.hidden = report.problems.length === 0;
  list.replaceChildren(
    ...report.problems.map(({ where, what }) => make('li', '', make('span', 'mono', where), make('span', '', what))),
  );
}

/** A whole report. */
export function showReport(report: Report, seconds: number): void {
  const state = report.ok ? (report.pinned ? 'good' : 'open') : 'bad';
  showVerdict(state, report.summary, `Checked in ${seconds.toFixed(1)} s, in this browser.`);
  showProblems(report);
  fill(byId('totals'), TOTALS, report.totals, () => false);
  fill(byId('receipts'), RECEIPTS, report.receipts, (row) => !row.ok);
  describe(byId('about'), report.about);
  showExplained(report.explain);
  byId('results').hidden = false;
}

/** Who learns what. */
function showExplained({ learners, spent }: Explained): void {
  const parts = learners.flatMap(({ who, learns }) => [
    make('dt', '', who),
    make('dd', '', make('ul', '', ...learns.map((line) => make('li', '', line)))),
  ]);
  byId('learners').replaceChildren(...parts);
  fill(byId('spent'), SPENT, spent, () => false);
}

/** What a plan spends. */
export function showPlan({ fits, summary, rows, notes }: PlanReport): void {
  byId('plan-verdict').textContent = summary;
  byId('plan-verdict').dataset.state = fits ? 'good' : 'bad';
  byId('plan-notes').replaceChildren(...notes.map((note) => make('li', '', note)));
  fill(byId('plan-rows'), PLAN, rows, () => false);
}

/** What is no plan. */
export function showPlanFault(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  showPlan({ fits: false, summary: sentence.replace(/^ValueError: /, ''), rows: [], notes: [] });
}

/** What could not even be read. */
export function showFailure(error: unknown): void {
  showVerdict('bad', 'The check could not be made', error instanceof Error ? error.message : String(error));
  byId('results').hidden = true;
}

/** What runs, with its source. */
export function showFacts(facts: Facts): void {
  describe(byId('facts'), [
    ['Python', `${facts.python}, Pyodide ${facts.pyodide}`],
    ['Accountant', facts.wheel],
    ['SHA-256', facts.wheelSha256],
  ]);
  const listing = Object.entries(facts.sources).map(([path, text]) =>
    make('details', '', make('summary', '', path), make('pre', '', text)),
  );
  byId('sources').replaceChildren(...listing);
}
