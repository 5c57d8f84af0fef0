/**
 * The session over any order of events, tabs, consents, crashes and deliveries. What must hold:
 *
 * 1. In the modes strict and memory nothing is written; in strict nothing is read either, and nothing is held once that was told.
 * 2. The buffer is bounded, its times rise, no two events are one.
 * 3. Once all that was sent has arrived, tabs that allow it hold the same events and the same cart.
 * 4. Then each event of a tab that did not crash is held or was counted as dropped: none is lost, none is there twice.
 * 5. After the next act exactly one tab owns the session: the one that was acted in.
 * 6. After "forget" nothing from before it is held or stored anywhere, and late messages bring nothing back.
 */

import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { FULL, LOCAL, MEMORY, type Mode, STRICT } from '../src/consent';
import { SESSION_KEY } from '../src/session';
import { BUFFER_MOST } from '../src/state';
import { type ChannelLike, tabsOn } from '../src/tabs';
import { startTracker, type Tracker } from '../src/tracker';

/** A test machine may be busy. */
const BUSY_MS = 120_000;

interface Tab {
  tracker: Tracker;
  readonly storage: Watched;
  mode: Mode;
  readonly number: number;
}

class Watched {
  readonly text = new Map<string, string>();
  reads = 0;
  writes = 0;
  getItem = (key: string): string | null => {
    this.reads++;
    return this.text.get(key) ?? null;
  };
  setItem = (key: string, value: string): void => {
    this.writes++;
    this.text.set(key, value);
  };
  removeItem = (key: string): void => void this.text.delete(key);
}

/** A BroadcastChannel whose messages arrive when the test says so: in order of each sender, any order between senders. */
class Network {
  readonly joined = new Map<ChannelLike, { data: unknown }[]>();
  join = (): ChannelLike => {
    const channel: ChannelLike = {
      onmessage: null,
      postMessage: (data) => {
        for (const [other, queue] of this.joined) if (other !== channel) queue.push({ data });
      },
      close: () => void this.joined.delete(channel),
    };
    this.joined.set(channel, []);
    return channel;
  };
  deliver(pick: number): void {
    const waiting = [...this.joined].filter(([, queue]) => queue.length > 0);
    const [channel, queue] = waiting[pick % Math.max(1, waiting.length)] ?? [];
    const message = queue?.shift();
    if (channel && message) (channel.onmessage as ((event: unknown) => void) | null)?.(message);
  }
  get idle(): boolean {
    return [...this.joined.values()].every((queue) => queue.length === 0);
  }
}

const TYPES = ['view_item', 'view_item_list', 'add_to_cart', 'remove_from_cart', 'purchase'] as const;
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('record'), tab: fc.nat(2), type: fc.constantFrom(...TYPES), item: fc.integer({ min: 1, max: 9 }), wait: fc.nat(900) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('deliver'), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('mode'), tab: fc.nat(2), mode: fc.constantFrom<Mode>(STRICT, MEMORY, LOCAL, FULL), told: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash'), tab: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload'), tab: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget'), tab: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(400) }) },
); // biome-ignore format: a table
interface Step {
  readonly do: string;
  readonly tab?: number;
  readonly type?: (typeof TYPES)[number];
  readonly item?: number;
  readonly wait?: number;
  readonly pick?: number;
  readonly mode?: Mode;
  readonly told?: boolean;
  readonly ms?: number;
}

class World {
  now = 1_700_000_000_000;
  readonly network = new Network();
  readonly tabs: Tab[] = [];
  /** What was recorded and must still be held: by time, so each once. */
  readonly facts = new Map<number, { type: string; item: number }>();
  numbers = 0;

  constructor() {
    for (let n = 0; n < 3; n++) this.tabs.push(this.open(new Watched(), LOCAL));
  }

  open(storage: Watched, mode: Mode): Tab {
    const number = ++this.numbers;
    const tracker = startTracker({
      now: () => this.now,
      monotonic: () => this.now,
      storage,
      root: null,
      sensors: [],
      mode,
      tabs: tabsOn(this.network.join, number),
      onEvent: () => {},
      onSignal: () => {},
    });
    return { tracker, storage, mode, number };
  }

  run(one: Step): void {
    const at = one.tab ?? 0;
    const tab = this.tabs[at] as Tab;
    if (one.do === 'record') {
      // The shopper acts in one tab at a time: a tab in the foreground has heard what the others said.
      this.now += 1 + (one.wait as number);
      tab.tracker.record({ type: one.type as 'view_item', item: one.item as number });
    }
    if (one.do === 'deliver') this.network.deliver(one.pick as number);
    if (one.do === 'mode') {
      tab.mode = one.mode as Mode;
      tab.tracker.setMode(tab.mode, one.told as boolean);
    }
    if (one.do === 'crash' || one.do === 'reload') {
      if (one.do === 'reload') tab.tracker.session.save();
      tab.tracker.stop();
      this.tabs[at] = this.open(one.do === 'crash' ? new Watched() : tab.storage, tab.mode);
    }
    if (one.do === 'forget') tab.tracker.session.forget();
    if (one.do === 'wait') {
      this.now += one.ms as number;
      vi.advanceTimersByTime(one.ms as number);
    }
  }

  settle(): void {
    for (let n = 0; n < 5; n++) {
      vi.advanceTimersByTime(300);
      for (let m = 0; m < 2000 && !this.network.idle; m++) this.network.deliver(m);
    }
    expect(this.network.idle).toBe(true);
  }
}

function within<T>(act: () => T): T {
  vi.useFakeTimers();
  try {
    return act();
  } finally {
    vi.useRealTimers();
  }
}

test(
  '1, 2: bounded, rising, and silent storage in the modes strict and memory, after every step',
  () => {
    let steps = 0;
    within(() =>
      fc.assert(
        fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (all) => {
          const world = new World();
          for (const one of all) {
            const before = world.tabs.map(({ storage }) => [storage.reads, storage.writes]);
            world.run(one as Step);
            steps++;
            world.tabs.forEach(({ tracker, mode, storage }, at) => {
              const [reads, writes] = before[at] as [number, number];
              const { events } = tracker.session.state;
              if (mode < LOCAL && one.do !== 'crash' && one.do !== 'reload' && one.do !== 'mode')
                expect([storage.reads, storage.writes]).toEqual([reads, writes]);
              if (mode < LOCAL && one.do === 'mode') expect(storage.writes).toBe(writes);
              if (one.do === 'mode' && one.tab === at && mode === STRICT && (one as Step).told) {
                expect(events).toEqual([]);
                expect(storage.text.size).toBe(0);
              }
              expect(events.length).toBeLessThanOrEqual(BUFFER_MOST);
              expect(events.every((event, n) => n === 0 || event.time_ms >= (events[n - 1]?.time_ms as number))).toBe(
                true,
              );
            });
          }
          for (const { tracker } of world.tabs) tracker.stop();
        }),
        { numRuns: 100 },
      ),
    );
    expect(steps).toBeGreaterThan(1000);
  },
  BUSY_MS,
);

/** Steps without what rightly loses events. */
const calm = step.filter((one) => ['record', 'deliver', 'wait', 'reload'].includes(one.do));

test(
  '3, 4, 5: when all has arrived the tabs agree, nothing is lost or doubled, and one owns',
  () => {
    let recorded = 0;
    within(() =>
      fc.assert(
        fc.property(fc.array(calm, { minLength: 5, maxLength: 60 }), fc.nat(2), (all, at) => {
          const world = new World();
          const facts: string[] = [];
          for (const one of all) {
            const before = world.tabs[(one as Step).tab ?? 0]?.tracker.session.state.events.length ?? 0;
            world.run(one as Step);
            if (one.do !== 'record') continue;
            const { state } = (world.tabs[(one as Step).tab ?? 0] as Tab).tracker.session;
            expect(state.events.length).toBeGreaterThan(Math.min(before, BUFFER_MOST - 1));
            const { type, item, time_ms } = state.events.at(-1) as { type: string; item: number; time_ms: number };
            facts.push(`${state.started_ms + time_ms} ${type} ${item}`);
            recorded++;
          }
          world.settle();
          const held = world.tabs.map(({ tracker: { session: { state } } }) => state.events.map(({ type, item, time_ms }) => `${state.started_ms + time_ms} ${type} ${item}`)); // biome-ignore format: one line
          for (const one of held) expect(one.toSorted()).toEqual([...new Set(facts)].toSorted());
          const carts = world.tabs.map(({ tracker }) => String(tracker.session.state.cart));
          expect(new Set(carts).size).toBe(1);
          world.run({ do: 'record', tab: at, type: 'view_item', item: 1, wait: 0 });
          world.settle();
          expect(world.tabs.map(({ tracker }) => tracker.tabs?.owns)).toEqual([0, 1, 2].map((tab) => tab === at));
          for (const { tracker } of world.tabs) tracker.stop();
        }),
        { numRuns: 150 },
      ),
    );
    expect(recorded).toBeGreaterThan(500);
  },
  BUSY_MS,
);

test(
  '6: forgetting holds against late messages, in every tab that is open',
  () => {
    within(() =>
      fc.assert(
        fc.property(fc.array(calm, { maxLength: 40 }), fc.nat(2), (all, at) => {
          const world = new World();
          for (const one of all) world.run(one as Step);
          for (const { tracker } of world.tabs) tracker.session.save(); // in flight while it is forgotten
          world.now += 1;
          (world.tabs[at] as Tab).tracker.session.forget();
          const forgot = world.now;
          world.settle();
          for (const { tracker, storage } of world.tabs) {
            expect(tracker.session.state.events).toEqual([]);
            expect(tracker.session.state.cart).toEqual([]);
            const text = storage.text.get(SESSION_KEY) ?? ';;;';
            expect(text.split(';')[3]).toBe('');
          }
          world.now = forgot + 5;
          world.tabs[at]?.tracker.record({ type: 'view_item', item: 3 });
          world.settle();
          for (const { tracker } of world.tabs)
            expect(tracker.session.state.events.map(({ item }) => item)).toEqual([3]);
          for (const { tracker } of world.tabs) tracker.stop();
        }),
        { numRuns: 100 },
      ),
    );
  },
  BUSY_MS,
);

test('a crashed tab takes with it what it had told nobody, and nothing else', () =>
  within(() => {
    const world = new World();
    world.run({ do: 'record', tab: 0, type: 'view_item', item: 1, wait: 0 });
    world.settle();
    world.run({ do: 'crash', tab: 0 });
    world.settle();
    expect(world.tabs[0]?.tracker.session.state.events.map(({ item }) => item)).toEqual([1]); // told by another tab
  }));

test('tabs that do not listen to each other are seen to disagree: what the properties above would miss is not missed', () =>
  within(() => {
    const world = new World();
    world.network.joined.clear();
    world.run({ do: 'record', tab: 0, type: 'view_item', item: 1, wait: 0 });
    world.settle();
    expect(world.tabs.map(({ tracker }) => tracker.session.state.events.length)).toEqual([1, 0, 0]);
  }));
