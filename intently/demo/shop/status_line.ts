/** The four live figures above the lens. */

import type { DemoInfo } from './demo_info';
import { h } from './dom';
import type { Intently } from './intently_port';

const TICK_MS = 500;

/** Seconds until the epoch after the one of `now_ms`, at least 1. */
export function secondsLeft(now_ms: number, epoch_s: number): number {
  return Math.ceil(epoch_s - ((now_ms / 1000) % epoch_s));
}

/** A `<dl>` that keeps itself up to date: which tier ranks, how long it took, when the next report may be, which pool is held. */
export function statusLine(intently: Intently, info: DemoInfo | null, now: () => number = Date.now): HTMLElement {
  const fields = { tier: h('dd'), ranked: h('dd'), epoch: h('dd'), pool: h('dd') };
  const update = (): void => {
    const status = intently.status();
    write(fields.tier, status?.tier ?? 'shop order');
    write(fields.ranked, status?.rankedMs == null ? 'not yet' : `${status.rankedMs.toFixed(1)} ms`);
    write(fields.pool, status ? `${status.poolVersion}` : '—');
    write(fields.epoch, info?.epoch_s ? inWords(secondsLeft(now(), info.epoch_s)) : '—');
  };
  update();
  intently.onChange(update);
  setInterval(update, TICK_MS);
  return h(
    'dl',
    { class: 'status' },
    cell('Ranked by', fields.tier),
    cell('Last ranking took', fields.ranked),
    cell('Next report opportunity', fields.epoch),
    cell('Pool in this tab', fields.pool),
  );
}

const cell = (name: string, value: HTMLElement): HTMLElement => h('div', {}, h('dt', {}, name), value);

function inWords(seconds: number): string {
  return seconds < 120 ? `in ${seconds} s` : `in ${Math.ceil(seconds / 60)} min`;
}

/** Only what changed is written: a screen reader and a layout have nothing to do otherwise. */
function write(field: HTMLElement, words: string): void {
  if (field.textContent !== words) field.textContent = words;
}
