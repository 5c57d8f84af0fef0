/**
 * The lazy chunk `intently-overlay.js`, for engineers: events and signals as they happen, the session's bounds, consent and owner.
 * `(await intently.importChunk('intently-overlay.js')).mountOverlay(intently)`; it draws nothing that a shop did not ask for.
 */

import type { Signal } from '../../tracker/src/event';
import { BUFFER_MOST } from '../../tracker/src/state';
import { COUNTED, encodeState } from '../../tracker/src/stored';
import type { Intently } from './api';
import { h, sheet } from './elements/dom';

const ROWS_MOST = 200;
const CSS = `
:host { all: initial; position: fixed; right: 12px; bottom: 12px; z-index: 2147483646; width: min(26rem, calc(100vw - 24px)); color-scheme: light dark;
  font: 12px/1.4 ui-monospace, Menlo, Consolas, monospace; color: light-dark(#17202c, #e7ecf3); }
section { background: light-dark(#fffffff2, #151b23f2); border: 1px solid light-dark(#c8d0da, #3a4553); border-radius: 10px; overflow: hidden;
  box-shadow: 0 6px 24px #0003; }
header { display: flex; gap: 8px; align-items: center; padding: 6px 10px; border-bottom: 1px solid light-dark(#c8d0da, #3a4553); }
header strong { flex: 1; font-weight: 650; }
button { font: inherit; color: inherit; background: none; border: 1px solid light-dark(#c8d0da, #3a4553); border-radius: 6px; padding: 1px 8px; cursor: pointer; }
button:focus-visible { outline: 2px solid #2563eb; outline-offset: 1px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 10px; margin: 0; padding: 6px 10px; border-bottom: 1px solid light-dark(#c8d0da, #3a4553); }
dt { opacity: 0.65; } dd { margin: 0; }
ol { list-style: none; margin: 0; padding: 4px 0; max-height: 40vh; overflow: auto; }
li { display: grid; grid-template-columns: 5.5em 9.5em 1fr; gap: 6px; padding: 1px 10px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
li.event { background: light-dark(#e8f0ff, #1d2b45); }
li time { opacity: 0.6; }
`;

/** Draw above the page; returns a function that takes it away. */
export function mountOverlay(intently: Intently): () => void {
  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  const style = sheet(CSS);
  if (style !== null) root.adoptedStyleSheets = [style];
  const facts = h('dl', {});
  const rows = h('ol', { 'aria-live': 'off' });
  const shut = h('button', { type: 'button' }, 'close');
  const clear = h('button', { type: 'button' }, 'clear');
  root.append(
    h(
      'section',
      { 'aria-label': 'Intently, for engineers' },
      h('header', {}, h('strong', {}, 'Intently events'), clear, shut),
      facts,
      rows,
    ),
  );
  const began = performance.now();
  let known = new Set(keysOf(intently));

  const add = (kind: string, words: string, event: boolean): void => {
    const at = `+${((performance.now() - began) / 1000).toFixed(2)}s`;
    rows.prepend(h('li', event ? { class: 'event' } : {}, h('time', {}, at), h('b', {}, kind), h('span', {}, words)));
    while (rows.childElementCount > ROWS_MOST) rows.lastElementChild?.remove();
  };
  const draw = (): void => {
    const { events, dropped, cart, viewing, consent, globalPrivacyControl, status } = intently.snapshot();
    const state = intently.sessionState();
    const counts = COUNTED.map((name, at) => `${name} ${state.counts[at]}`);
    const facing: [string, string][] = [
      ['buffer', `${events.length} of ${BUFFER_MOST}, ${dropped} dropped, ${encodeState(state).length} B stored`],
      ['item, cart', `${viewing ?? 'none'}; ${cart.join(' ') || 'empty'}`],
      ['counts', counts.join(', ')],
      [
        'consent',
        `${consent.personalize ? 'personalize' : 'off'}${consent.reports ? ' + reports' : ''}${globalPrivacyControl ? ', GPC' : ''}`,
      ],
      ['ranking', `${status.tier}, model ${status.model}, reports ${status.reports}`],
    ];
    facts.replaceChildren(...facing.flatMap(([name, words]) => [h('dt', {}, name), h('dd', {}, words)]));
  };
  const news = (): void => {
    const { events } = intently.snapshot();
    keysOf(intently).forEach((key, at) => {
      const event = events[at];
      if (!known.has(key) && event) add(event.type, `item ${event.item}, ${event.time_ms} ms into the session`, true);
    });
    known = new Set(keysOf(intently));
    draw();
  };
  const stops = [
    intently.on('session', news),
    intently.on('status', draw),
    intently.on('signal', ({ kind, ...rest }: Signal) => {
      add(kind, Object.entries(rest).map(([name, value]) => `${name} ${shown(value)}`).join(', '), false);
      draw();
    }),
  ]; // biome-ignore format: one line reads better
  const remove = (): void => {
    for (const stop of stops) stop();
    host.remove();
  };
  shut.addEventListener('click', remove);
  clear.addEventListener('click', () => rows.replaceChildren());
  document.body.append(host);
  draw();
  return remove;
}

function keysOf(intently: Intently): string[] {
  const { started_ms, events } = intently.sessionState();
  return events.map((event) => `${started_ms + event.time_ms} ${event.type} ${event.item}`);
}

function shown(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
}
