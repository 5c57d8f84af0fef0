/** The four live figures above the lens. */

import type { Intently, ReportView, Snapshot } from '../../../browser_runtime/src/index';
import type { DemoInfo } from './demo_info';
import { h } from './dom';

const TICK_MS = 500;
const TIERS: Readonly<Record<string, string>> = { onnx: 'model in this tab', pool: 'order of the pool' };

/** Seconds until the epoch after the one of `now_ms`, at least 1. */
export function secondsLeft(now_ms: number, epoch_s: number): number {
  return Math.ceil(epoch_s - ((now_ms / 1000) % epoch_s));
}

/** Why no report is to come, '' while one may. */
export function noReport({ status, reports, globalPrivacyControl }: Snapshot): string {
  if (globalPrivacyControl || status.reports === 'off') return 'off';
  const last = reports.reduce<ReportView | null>((a, b) => (a === null || b.at_ms > a.at_ms ? b : a), null);
  if (last?.state === 'capped') return 'none: limit reached';
  return status.reports === 'on' || status.reports === 'waiting' ? '' : 'none from this browser';
}

/** When the next report may be: this epoch's own moment while it lies ahead, else the epoch after. */
export function nextReport(now_ms: number, epoch_s: number, reports: readonly ReportView[]): string {
  if (epoch_s <= 0) return '—';
  const waiting = reports.find(({ state, at_ms }) => state === 'waiting' && at_ms > now_ms);
  const seconds = waiting ? Math.ceil((waiting.at_ms - now_ms) / 1000) : secondsLeft(now_ms, epoch_s);
  return seconds < 120 ? `in ${seconds} s` : `in ${Math.ceil(seconds / 60)} min`;
}

/** A `<dl>` that keeps itself up to date: what ranks, how long it took, when the next report may be, which pool is held. */
export function statusLine(
  intently: Intently | null,
  info: DemoInfo | null,
  now: () => number = Date.now,
): HTMLElement {
  const tier = h('dd');
  const took = h('dd');
  const report = h('dd');
  const pool = h('dd');
  const poolName = h('dt');
  const update = (): void => {
    const now_ms = now();
    const snapshot = intently?.snapshot() ?? null;
    const epoch_s = intently?.held?.configuration.epoch_s ?? info?.epoch_s ?? 0;
    write(tier, snapshot ? rankedBy(snapshot) : 'order of the shop');
    write(took, snapshot?.scoring ? `re-ranked in ${snapshot.scoring.ms.total.toFixed(1)} ms` : 'not yet');
    const none = snapshot ? noReport(snapshot) : 'none from this browser';
    write(report, none || nextReport(now_ms, epoch_s, snapshot?.reports ?? []));
    write(pool, poolWords(snapshot?.versions ?? null));
    write(poolName, snapshot?.versions ? `Pool held, version ${snapshot.versions.manifest}` : 'Pool held');
  };
  update();
  setInterval(update, TICK_MS);
  return h(
    'dl',
    { class: 'status' },
    cell('Ranked by', tier),
    cell('After your last step', took),
    cell('Next report opportunity', report),
    h('div', {}, poolName, pool),
  );
}

/** The model only where it may use what happened here. */
function rankedBy({ consent, status }: Snapshot): string {
  const tier = consent.personalize ? status.tier : 'pool';
  return TIERS[tier] ?? tier;
}

function poolWords(versions: { pool_epoch: number; pool_reports: number } | null): string {
  if (!versions) return '—';
  if (versions.pool_epoch === 0) return 'order of the log';
  return `${versions.pool_reports.toLocaleString('en')} reports`;
}

const cell = (name: string, value: HTMLElement): HTMLElement => h('div', {}, h('dt', {}, name), value);

/** Only what changed is written: a screen reader and a layout have nothing to do otherwise. */
function write(field: HTMLElement, words: string): void {
  if (field.textContent !== words) field.textContent = words;
}
