import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSession, SESSION_KEY, type SessionStorageLike } from '../src/session';
import { BUFFER_MOST, SESSION_IDLE_MS } from '../src/state';

function memory(): SessionStorageLike & { text: Map<string, string> } {
  const text = new Map<string, string>();
  return {
    text,
    getItem: (key) => text.get(key) ?? null,
    setItem: (key, value) => void text.set(key, value),
    removeItem: (key) => void text.delete(key),
  };
}

const type = fc.constantFrom(
  'view_item',
  'select_item',
  'view_item_list',
  'add_to_cart',
  'remove_from_cart',
  'purchase',
);
const input = fc.record({ type: type as fc.Arbitrary<'view_item'>, item: fc.integer({ min: 1, max: 30 }) });

test('whatever happens, the buffer is bounded, times rise, and a reload gives the same session', () => {
  const step = fc.oneof(
    fc.record({ record: input, wait: fc.nat(100_000) }),
    fc.record({ viewing: fc.option(fc.integer({ min: 1, max: 30 })) }),
    fc.record({ dwell: fc.nat(10_000) }),
    fc.constant({ reload: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let now = 1_000_000;
      const storage = memory();
      let session = openSession(() => now, storage);
      for (const one of steps) {
        if ('record' in one) {
          now += one.wait;
          session.record(one.record);
        } else if ('viewing' in one) session.setViewing(one.viewing);
        else if ('dwell' in one) session.setDwell(one.dwell);
        else {
          session.save();
          const before = session.state;
          session = openSession(() => now, storage);
          expect(session.state).toEqual(before);
        }
        const { events, cart } = session.state;
        expect(events.length).toBeLessThanOrEqual(BUFFER_MOST);
        expect(events.every((event, at) => event.time_ms >= (events[at - 1]?.time_ms ?? 0))).toBe(true);
        expect(new Set(cart).size).toBe(cart.length);
      }
    }),
    { numRuns: 100 },
  );
});

test('a full buffer drops impressions before acts, and counts', () => {
  const session = openSession(() => 5, null);
  session.record({ type: 'view_item', item: 1 });
  for (let n = 0; n < BUFFER_MOST + 9; n++) session.record({ type: 'view_item_list', item: 2 });
  expect(session.state.events.length).toBe(BUFFER_MOST);
  expect(session.state.events[0]?.type).toBe('view_item');
  expect(session.state.dropped).toBe(10);
});

test('dwell belongs to the last act, not to an impression after it', () => {
  const session = openSession(() => 5, null);
  session.record({ type: 'view_item', item: 1 });
  session.record({ type: 'view_item_list', item: 2 });
  session.setDwell(1234.6);
  expect(session.state.events.map(({ dwell_ms }) => dwell_ms)).toEqual([1235, 0]);
});

test('an idle session ends; the cart stays', () => {
  let now = 0;
  const session = openSession(() => now, null);
  session.record({ type: 'add_to_cart', item: 4 });
  now += SESSION_IDLE_MS + 1;
  session.record({ type: 'view_item', item: 5 });
  expect(session.state.events.map(({ item, time_ms }) => [item, time_ms])).toEqual([[5, 0]]);
  expect(session.state.cart).toEqual([4]);
});

test.each([
  '{',
  'null',
  '{"events":[{}]}',
  '1,1,0,0,0,0;;0,0,0,0,0;0,-1,0,0',
  '1,1,0,0,0,0;;0,0,0,0,0;9,1,0,0',
  '1,1,0,0,0,0;;0,0,0,0,0;0,1,0',
  '1,1,0,0,0;;0,0,0,0,0;0,1,0,0',
  '1,1,0,0,0,0;;0,0,0,0,0;0,1,7,0,0,1,6,0',
  '1,1,0,0,0,0;;0,0,0,0,0;0,1e999,7,0',
  `1,1,0,0,0,0;;0,0,0,0,0;${'0,1,0,0,'.repeat(BUFFER_MOST)}0,1,0,0`,
])('storage that holds no session: case %#', (text) => {
  const storage = memory();
  storage.text.set(SESSION_KEY, text);
  expect(openSession(() => 10, storage).state.events).toEqual([]);
});

test('storage that throws leaves a session in memory', () => {
  const refuse = (): never => {
    throw new Error('denied');
  };
  const session = openSession(() => 5, { getItem: refuse, setItem: refuse, removeItem: refuse });
  session.record({ type: 'view_item', item: 1 });
  session.forget();
  session.record({ type: 'view_item', item: 2 });
  expect(session.state.events.map(({ item }) => item)).toEqual([2]);
});
