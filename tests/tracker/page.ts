/** The page of the sequences: every sensor, the session over the tabs, and what happened, for the test to read. */

import { LOCAL, type Mode, SENSORS, type Signal, startTracker, type Tracker, tabsOn } from '../../tracker/src/index';

declare global {
  interface Window {
    tracker: Tracker;
    signals: Signal[];
    faults: string[];
    restored: number;
  }
}

const query = new URLSearchParams(location.search);
window.signals = [];
window.faults = [];
window.restored = 0;
addEventListener('error', (event) => window.faults.push(event.message));
addEventListener('pageshow', (event) => {
  if (event.persisted) window.restored++;
});

function storage(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}

window.tracker = startTracker({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  storage: storage(),
  root: document,
  sensors: query.has('core') ? [] : SENSORS,
  mode: Number(query.get('mode') ?? LOCAL) as Mode,
  resolve: (id) => (/^sku-\d+$/.test(id) ? Number(id.slice(4)) : null),
  tabs: tabsOn(() => new BroadcastChannel('intently-session-test'), 1 + Math.floor(Math.random() * 2 ** 31)),
  onEvent: () => {},
  onSignal: (signal) => void window.signals.push(signal),
});
