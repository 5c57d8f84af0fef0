/** The lazy chunk `intently-lens.js`: everything that Intently holds in this tab and everything that left, live. */

import type { Intently, Snapshot } from '../api';
import type { mountTransfer } from '../transfer/entry';
import { h, sheet } from './dom';
import { ReportRows } from './lens_reports';
import { LENS_CSS } from './lens_style';
import { Switches } from './lens_switches';
import {
  budgetWords,
  countsWords,
  EVENT_WORDS,
  knownWords,
  reportsWords,
  scoringWords,
  TRANSFER_WORDS,
} from './lens_words';

const EVENTS_SHOWN = 12;
const REFRESH_MS = 1000;

/** Draw into the host's shadow root and keep it current; returns a function that stops. */
export function mountLens(host: HTMLElement, intently: Intently): () => void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const style = sheet(LENS_CSS);
  if (style !== null) root.adoptedStyleSheets = [style];
  const lens = new Lens(intently);
  root.replaceChildren(...lens.sections);
  let queued = 0;
  const draw = (): void => {
    queued = 0;
    lens.show(intently.snapshot());
  };
  const soon = (): void => {
    queued ||= requestAnimationFrame(draw);
  };
  const names = ['ranked', 'update', 'report', 'status', 'session'] as const;
  const stops = names.map((name) => intently.on(name, soon));
  const timer = setInterval(soon, REFRESH_MS);
  draw();
  return () => {
    for (const stop of stops) stop();
    clearInterval(timer);
    cancelAnimationFrame(queued);
  };
}

class Lens {
  readonly sections: readonly HTMLElement[];
  private readonly known = h('p', {});
  private readonly counts = h('p', { class: 'quiet' });
  private readonly events = h('ol', { class: 'events', part: 'events' });
  private readonly worked = h('p', {});
  private readonly intent = h('div', { part: 'intent' });
  private readonly left = h('p', {});
  private readonly budget = h('div', { part: 'budget' });
  private readonly reports = h('div', { part: 'reports' });
  private readonly rows = new ReportRows(this.reports);
  private readonly versions = h('dl', {});
  private readonly switches: Switches;

  constructor(private readonly intently: Intently) {
    this.switches = new Switches(intently);
    this.sections = [
      section('What is known in this tab', this.known, this.events, this.counts),
      section('What it makes of that', this.worked, this.intent),
      section('What left this browser', this.left, this.budget, this.reports),
      section('Your choice', ...this.switches.elements),
      section('Continue on another device', h('p', {}, TRANSFER_WORDS), transferPlace(intently)),
      section('What is running', this.versions),
    ];
  }

  show(snapshot: Snapshot): void {
    this.known.textContent = knownWords(snapshot);
    this.events.replaceChildren(...this.eventRows(snapshot));
    this.worked.textContent = scoringWords(snapshot);
    this.intent.replaceChildren(...this.intentBars(snapshot));
    this.left.textContent = reportsWords(snapshot);
    this.budget.replaceChildren(...budgetBar(snapshot));
    this.rows.show(snapshot.reports);
    this.counts.textContent = countsWords(this.intently.sessionState().counts);
    this.switches.show(snapshot);
    this.versions.replaceChildren(...versionRows(snapshot));
  }

  private eventRows({ events, viewing, dwell_ms }: Snapshot): Node[] {
    const acts = events.filter(({ type }) => type !== 'view_item_list');
    return acts.slice(-EVENTS_SHOWN).map((event, at, shown) => {
      const name = this.intently.held?.listed.item(event.item)?.name ?? `item ${event.item}`;
      const running = at === shown.length - 1 && viewing === event.item;
      const dwell = Math.max(event.dwell_ms, running ? Math.min(dwell_ms, event.dwell_ms + REFRESH_MS) : 0);
      return h(
        'li',
        {},
        h('span', {}, EVENT_WORDS[event.type]),
        h('span', {}, name),
        h('span', {}, `${(dwell / 1000).toFixed(1)} s`),
      );
    });
  }

  private intentBars({ scoring, status }: Snapshot): Node[] {
    if (scoring === null || status.tier === 'pool') return [];
    return scoring.intent.map(({ name, share }) => bar(name, share, `${Math.round(share * 100)} %`));
  }
}

const ORDER_WORDS = {
  pool: 'pool',
  kernel: 'session model (own kernel, in a worker)',
  onnx: 'session model (onnxruntime-web, in a worker)',
} as const;

const TRANSFER_CHUNK = 'intently-transfer.js';

/** A button in whose place the other chunk draws, once it is asked for. */
function transferPlace(intently: Intently): HTMLElement {
  const start = h('button', { type: 'button', part: 'button' }, 'Continue elsewhere …');
  const place = h('div', { class: 'transfer', part: 'transfer' }, start);
  start.addEventListener('click', async () => {
    try {
      const chunk = (await intently.importChunk(TRANSFER_CHUNK)) as { mountTransfer: typeof mountTransfer };
      chunk.mountTransfer(place, intently);
    } catch {
      place.replaceChildren(h('p', { role: 'alert' }, 'This part could not be loaded.'));
    }
  });
  return place;
}

function section(title: string, ...children: Node[]): HTMLElement {
  return h('section', { part: 'section' }, h('h3', { part: 'heading' }, title), ...children);
}

function bar(name: string, share: number, words: string): HTMLElement {
  const fill = h('i', {});
  fill.style.width = `${Math.round(share * 100)}%`;
  return h('div', { class: 'bar' }, h('span', {}, name), h('span', { class: 'track' }, fill), h('span', {}, words));
}

function budgetBar(snapshot: Snapshot): Node[] {
  const { budget } = snapshot;
  if (budget === null) return [];
  const share = Math.min(1, budget.spent_epsilon / budget.cap_epsilon);
  return [
    bar('Privacy budget', share, `${Math.round(share * 100)} %`),
    h('p', { class: 'quiet' }, budgetWords(snapshot)),
  ];
}

function versionRows({ versions, status, demo }: Snapshot): Node[] {
  if (versions === null) return [h('dt', {}, 'Files'), h('dd', {}, status.notes.at(-1) ?? 'none yet')];
  const rows: [string, string][] = [
    ['Order', ORDER_WORDS[status.tier]],
    [
      'Model',
      `${versions.model_sha256.slice(0, 12)}… (${Math.round(versions.model_bytes / 1000).toLocaleString('en')} kB), ${status.model}`,
    ],
    ['Pool', `epoch ${versions.pool_epoch}, ${versions.pool_reports.toLocaleString('en')} reports`],
    ['Release, manifest', `${versions.release}, ${versions.manifest} (${status.updates})`],
    ['Program', `${versions.bundle}${demo ? ', demo' : ''}`],
  ];
  const note = status.notes.at(-1);
  if (note !== undefined) rows.push(['Last note', note]);
  return rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
}
