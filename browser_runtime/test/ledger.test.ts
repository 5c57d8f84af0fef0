import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Collection } from '../../contracts/types';
import { MICRO } from '../src/constants';
import { type LedgerDatabase, openFiles, openLedger } from '../src/lib/database';
import { clearStale, withdraw } from '../src/reports/clear';
import { offered } from '../src/reports/draw';
import { Ledger, SENDING_MS, spentMicro } from '../src/reports/ledger';
import { NONE, type Slot } from '../src/reports/slot';
import { casesOf } from './vectors';

let databases = 0;

/** A database of its own, as a fresh profile has. */
export async function freshDatabase(): Promise<LedgerDatabase> {
  return (await openLedger(indexedDB, `test-${databases++}`)) as LedgerDatabase;
}

const COLLECTION: Collection = {
  id: 1, name: 'c', kind: 'item_dwelled', domain_size: 6, epsilon: 2, epsilon_micro: 1_000_000,
  mechanism: { kind: 'k_ary', w: 5, v: 2 }, share: 1, dwell_ms: 0,
}; // biome-ignore format: one line reads better

function slotAt(starts_ms: number, changes: Partial<Slot> = {}): Slot {
  return {
    starts_ms, ends_ms: starts_ms + 1000, epoch: starts_ms / 1000, shop: 's', configuration: '0'.repeat(64), collection: COLLECTION,
    cap_micro: 3_000_000, key_id: 1, public_key: '', url: '', due_ms: starts_ms + 500, seen: 0, value: NONE, state: 'waiting',
    debit_micro: 0, sealed_ms: 0, body: null, message: -1, supporters: 0, http_status: 0, sending_until: 0, ...changes,
  }; // biome-ignore format: one line reads better
}

const SEALED = { body: new Uint8Array([1, 2, 3]), message: 7, supporters: 1 };

test('client ledger vectors: what is allowed, and what is spent after', async () => {
  let replayed = 0;
  for (const { why, cap_epsilon, operations } of casesOf('client_ledger')) {
    const ledger = new Ledger(await freshDatabase());
    for (const [at, [time_ms, micro, allowed, spent]] of operations.entries()) {
      const collection = { ...COLLECTION, epsilon_micro: micro };
      const cap_micro = Math.floor(cap_epsilon * MICRO);
      await ledger.open(at, time_ms, () => slotAt(at, { collection, cap_micro, ends_ms: Number.NEGATIVE_INFINITY }));
      const slot = await ledger.seal(at, SEALED, time_ms);
      expect(slot?.state, why).toBe(allowed ? 'sealed' : 'capped');
      expect(slot?.body, why).toEqual(allowed ? SEALED.body : null);
      expect(spentMicro(await ledger.slots(), time_ms), why).toBe(spent);
      replayed++;
    }
  }
  expect(replayed).toBeGreaterThanOrEqual(20);
});

test('an epoch has one draw over all tabs', async () => {
  const database = await freshDatabase();
  const tabs = [new Ledger(database), new Ledger(database), new Ledger(database)];
  let draws = 0;
  const slots = await Promise.all(
    tabs.map((tab) => tab.open(1000, 1001, () => slotAt(1000, { due_ms: 1500 + draws++ }))),
  );
  expect(draws).toBe(1);
  expect(slots.map((slot) => slot?.due_ms)).toEqual([1500, 1500, 1500]);
});

test('an epoch is sealed and debited once over all tabs, and the first bytes stand', async () => {
  const database = await freshDatabase();
  const [one, two] = [new Ledger(database), new Ledger(database)];
  await one.open(1000, 1001, () => slotAt(1000));
  const sealed = await Promise.all([
    one.seal(1000, { ...SEALED, body: new Uint8Array([1]) }, 1600),
    two.seal(1000, { ...SEALED, body: new Uint8Array([2]) }, 1601),
  ]);
  expect(sealed.map((slot) => [...(slot?.body ?? [])])).toEqual([[1], [1]]);
  expect(spentMicro(await one.slots(), 1700)).toBe(1_000_000);
});

test('offers end at T, and sealing empties the reservoir', async () => {
  const ledger = new Ledger(await freshDatabase());
  await ledger.open(1000, 1001, () => slotAt(1000));
  await ledger.offer(1000, 5, 1400, (n) => new Uint8Array(n));
  await ledger.offer(1000, 6, 1501, (n) => new Uint8Array(n));
  expect((await ledger.slots())[0]).toMatchObject({ value: 5, seen: 1 });
  expect(await ledger.seal(1000, SEALED, 1502)).toMatchObject({ value: NONE, seen: 0, state: 'sealed' });
});

test('a clock set back opens no second epoch over the same time', async () => {
  const ledger = new Ledger(await freshDatabase());
  await ledger.open(9000, 9001, () => slotAt(9000));
  expect(await ledger.open(3000, 3001, () => slotAt(3000))).toBeNull();
});

test('an epoch that ended before T is dropped with its value, never made up', async () => {
  const ledger = new Ledger(await freshDatabase());
  await ledger.open(1000, 1001, () => slotAt(1000));
  await ledger.offer(1000, 5, 1002, (n) => new Uint8Array(n));
  await ledger.open(2000, 2001, () => slotAt(2000));
  expect((await ledger.slots())[0]).toMatchObject({ state: 'dropped', value: NONE, debit_micro: 0, body: null });
});

test('whatever the order of tabs and epochs, the spent sum never passes the cap', async () => {
  const step = fc.record({ tab: fc.nat(1), epoch: fc.nat(6), act: fc.constantFrom('open', 'seal', 'send', 'drop') });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const database = await freshDatabase();
      const tabs = [new Ledger(database), new Ledger(database)];
      let now = 0;
      for (const { tab, epoch, act } of steps) {
        const ledger = tabs[tab] as Ledger;
        const starts = epoch * 1000;
        now = Math.max(now, starts);
        if (act === 'open') await ledger.open(starts, now, () => slotAt(starts));
        if (act === 'seal') await ledger.seal(starts, SEALED, now);
        if (act === 'send') await ledger.settle(starts, 'sent', 202);
        if (act === 'drop') await withdraw(database);
        const slots = await ledger.slots();
        expect(spentMicro(slots, now)).toBeLessThanOrEqual(3_000_000);
        expect(new Set(slots.map(({ starts_ms }) => starts_ms)).size).toBe(slots.length);
      }
      database.close();
    }),
    { numRuns: 40 },
  );
});

test('the reservoir holds each of n events with probability 1 / n', () => {
  const counts = [0, 0, 0];
  for (let a = 0; a < 2; a++) {
    for (let b = 0; b < 3; b++) {
      const draws = [0, a, b];
      const bytes = (): Uint8Array => Uint8Array.of(0, 0, 0, draws.shift() as number);
      const held = [1, 2, 3].reduce((state, value) => offered(state, value, bytes), { seen: 0, value: NONE });
      counts[held.value - 1] = (counts[held.value - 1] as number) + 1;
    }
  }
  expect(counts).toEqual([2, 2, 2]); // of all 6 outcomes of the draws
});

test('the ledger is one for the shop, whichever key signs; the signed files are by key', async () => {
  const shop = `keys-${databases++}`;
  const [first, again] = [await openLedger(indexedDB, shop), await openLedger(indexedDB, shop)];
  await first?.put('slots', slotAt(1000));
  expect(await again?.count('slots')).toBe(1);
  const [one, other] = [
    await openFiles(indexedDB, shop, 'aa'.repeat(32)),
    await openFiles(indexedDB, shop, 'bb'.repeat(32)),
  ];
  await one?.put('held', {} as never, 'last-good');
  expect(await other?.count('held')).toBe(0);
});

test('another length of epochs gives no second report over the same time', async () => {
  const ledger = new Ledger(await freshDatabase());
  await ledger.open(3000, 3001, () => slotAt(3000));
  await ledger.seal(3000, SEALED, 3600);
  const longer = { ends_ms: 6000 };
  expect(await ledger.open(2000, 4500, () => slotAt(2000, longer))).toBeNull();
  expect(await ledger.open(3000, 4500, () => slotAt(3000, longer))).toBeNull();
  expect(await ledger.open(4000, 4500, () => slotAt(4000))).not.toBeNull();
});

test('one tab sends at a time, a lapsed or impossible claim is taken over, and none after the epoch', async () => {
  const ledger = new Ledger(await freshDatabase());
  await ledger.open(1000, 1001, () => slotAt(1000, { ends_ms: 100_000 }));
  expect(await ledger.claim(1000, 1500)).toBeNull(); // not sealed
  await ledger.seal(1000, SEALED, 1600);
  expect((await Promise.all([ledger.claim(1000, 1601), ledger.claim(1000, 1601)])).map((slot) => slot?.state)).toEqual([
    'sealed',
    undefined,
  ]);
  expect(await ledger.claim(1000, 1600 + SENDING_MS)).toBeNull();
  expect(await ledger.claim(1000, 1601 + SENDING_MS)).not.toBeNull();
  expect(await ledger.claim(1000, 1000)).not.toBeNull(); // a clock set back
  expect(await ledger.claim(1000, 100_000)).toBeNull();
});

test('a value of an ended epoch is cleared at a page load; all that could leave goes where reports are not allowed', async () => {
  const database = await freshDatabase();
  const ledger = new Ledger(database);
  await database.put('slots', slotAt(1000, { value: 5, seen: 2 }));
  await database.put('slots', slotAt(2000, { value: 6, seen: 1 }));
  await database.put('slots', slotAt(3000, { state: 'sealed', debit_micro: 7, body: SEALED.body }));
  await clearStale(database, 2000);
  expect((await ledger.slots()).map(({ state, value }) => [state, value])).toEqual([
    ['dropped', 0],
    ['waiting', 6],
    ['sealed', 0],
  ]);
  await withdraw(database);
  expect((await ledger.slots()).map(({ state, value }) => [state, value])).toEqual([
    ['dropped', 0],
    ['dropped', 0],
    ['dropped', 0],
  ]);
  expect((await ledger.slots())[2]?.debit_micro).toBe(7);
});
