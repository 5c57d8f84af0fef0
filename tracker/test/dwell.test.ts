import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LOCAL } from '../src/consent';
import { DWELL_TICK_MS } from '../src/limits';
import { dwell } from '../src/sensors/dwell';
import { startTracker, type Tracker } from '../src/tracker';

let now = 0;
let visible = true;
const signals: { kind: string; item?: number; dwell_ms?: number }[] = [];

beforeEach(() => {
  now = 1_000_000;
  visible = true;
  signals.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function started(): Tracker {
  return startTracker({
    now: () => now,
    monotonic: () => now,
    storage: null,
    root: document,
    sensors: [dwell],
    mode: LOCAL,
    onEvent: () => {},
    onSignal: (signal) => void signals.push(signal),
  });
}

function turn(): void {
  visible = !visible;
  Object.assign(document, { visibilityState: visible ? 'visible' : 'hidden' });
  document.dispatchEvent(new Event('visibilitychange'));
}

/** As a shop does: say what the page shows, then that it was viewed. */
function view(tracker: Tracker, item: number): void {
  tracker.setViewing(item);
  tracker.record({ type: 'view_item', item });
}

test('an item keeps its dwell when the page turns to the next before its view is recorded', () => {
  const tracker = started();
  view(tracker, 9);
  now += 3000;
  view(tracker, 71);
  now += 500;
  vi.advanceTimersByTime(DWELL_TICK_MS);
  expect(tracker.session.state.events.map(({ item, dwell_ms }) => [item, dwell_ms])).toEqual([
    [9, 3000],
    [71, 500],
  ]);
});

test('hidden time is no dwell', () => {
  const tracker = started();
  view(tracker, 9);
  now += 1000;
  turn();
  now += 60_000;
  turn();
  now += 200;
  vi.advanceTimersByTime(DWELL_TICK_MS);
  expect(tracker.session.state.events.at(-1)?.dwell_ms).toBe(1200);
  expect(tracker.dwellMs()).toBe(1200);
});

test('a running dwell is said for the item in view alone', () => {
  const tracker = started();
  view(tracker, 9);
  now += 500;
  vi.advanceTimersByTime(DWELL_TICK_MS);
  tracker.setViewing(null);
  now += 500;
  vi.advanceTimersByTime(DWELL_TICK_MS);
  expect(signals).toEqual([{ kind: 'dwell', item: 9, dwell_ms: 500 }]);
  tracker.stop();
});
