import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dwell } from '../src/sensors/dwell';
import { Session } from '../src/session';

let now = 0;
const signals: { item: number; dwell_ms: number }[] = [];

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
  readonly defaultView = null;
}

beforeEach(() => {
  now = 0;
  signals.length = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

function started() {
  const page = new Page();
  const session = new Session(() => now, null);
  const context = {
    record: () => {},
    signal: (signal: { kind: string }) => void signals.push(signal as never),
    monotonic: () => now,
  };
  return { page, session, sensor: dwell(page as unknown as Document, session, context as never) };
}

/** As a shop does: say what the page shows, then that it was viewed. */
function view({ session, sensor }: ReturnType<typeof started>, item: number): void {
  sensor.turn(item);
  session.setViewing(item);
  sensor.flush();
  session.record({ type: 'view_item', item });
  sensor.act(item, true);
}

test('an item keeps its dwell when the page turns to the next before its view is recorded', () => {
  const all = started();
  view(all, 9);
  now += 3000;
  view(all, 71);
  now += 500;
  all.sensor.flush();
  expect(all.session.state.events.map(({ item, dwell_ms }) => [item, dwell_ms])).toEqual([
    [9, 3000],
    [71, 500],
  ]);
});

test('hidden time is no dwell', () => {
  const all = started();
  view(all, 9);
  now += 1000;
  all.page.visibilityState = 'hidden';
  all.page.dispatchEvent(new Event('visibilitychange'));
  now += 60_000;
  all.page.visibilityState = 'visible';
  all.page.dispatchEvent(new Event('visibilitychange'));
  now += 200;
  all.sensor.flush();
  expect(all.session.state.events.at(-1)?.dwell_ms).toBe(1200);
});

test('a running dwell is said for the item in view alone', () => {
  const all = started();
  view(all, 9);
  now += 500;
  vi.advanceTimersByTime(500);
  all.sensor.turn(null);
  now += 500;
  vi.advanceTimersByTime(500);
  expect(signals).toEqual([{ kind: 'dwell', item: 9, dwell_ms: 500 }]);
});
