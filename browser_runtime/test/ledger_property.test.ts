import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Collection } from '../../contracts/types';
import { type LedgerDatabase, openLedger } from '../src/lib/database';
import { withdraw } from '../src/reports/clear';
import { Ledger } from '../src/reports/ledger';
import { NONE, type Slot } from '../src/reports/slot';

const EPOCH_MS = 1000;
const DAY_MS = 86_400_000;
const CAP_MICRO = 3_000_000;
const COLLECTION: Collection = {
  id: 1, name: 'c', kind: 'item_dwelled', domain_size: 6, epsilon: 2, epsilon_micro: 1_000_000,
  mechanism: { kind: 'k_ary', w: 5, v: 2 }, share: 1, dwell_ms: 0,
}; // biome-ignore format: one line reads better

function slotAt(starts_ms: number): Slot {
  return {
    starts_ms, ends_ms: starts_ms + EPOCH_MS, epoch: starts_ms / EPOCH_MS, shop: 's', configuration: '0'.repeat(64),
    collection: COLLECTION, cap_micro: CAP_MICRO, key_id: 1, public_key: '', url: '', due_ms: starts_ms + 500, seen: 0, value: NONE,
    state: 'waiting', debit_micro: 0, sealed_ms: 0, body: null, message: -1, supporters: 0, http_status: 0, sending_until: 0,
  }; // biome-ignore format: one line reads better
}

/** Everything that left, with the debit that stood in the ledger when it did. */
class World {
  now = 400 * DAY_MS;
  sealings = 0;
  readonly sent = new Map<number, string>();
  readonly debits = new Map<string, { at: number; micro: number }>();
  private tabs: Ledger[];

  constructor(readonly database: LedgerDatabase) {
    this.tabs = [new Ledger(database), new Ledger(database)];
  }

  /** A crash: what was in memory is gone, what was committed is not. */
  restart(): void {
    this.tabs = [new Ledger(this.database), new Ledger(this.database)];
  }

  async visit(tab: number, seals: boolean, sends: boolean, answer: 'sent' | 'failed' | null): Promise<void> {
    const ledger = this.tabs[tab] as Ledger;
    const starts = Math.floor(this.now / EPOCH_MS) * EPOCH_MS;
    await ledger.open(starts, this.now, () => slotAt(starts));
    const body = new Uint8Array([++this.sealings & 255, this.sealings >> 8]);
    if (seals) await ledger.seal(starts, { body, message: 1, supporters: 1 }, this.now);
    await this.note();
    if (!sends) return;
    for (const { starts_ms } of await ledger.slots()) {
      const slot = await ledger.claim(starts_ms, this.now);
      if (slot === null) continue;
      const bytes = String(slot.body);
      expect(slot.debit_micro, 'nothing leaves that was not debited').toBe(COLLECTION.epsilon_micro);
      expect(this.sent.get(starts_ms) ?? bytes, 'a resend is the identical bytes').toBe(bytes);
      this.sent.set(starts_ms, bytes);
      if (answer !== null) await ledger.settle(starts_ms, answer, answer === 'sent' ? 202 : 503);
    }
  }

  /** Remember each debit for ever: the ledger may forget what is older than its window. */
  async note(): Promise<void> {
    for (const slot of await (this.tabs[0] as Ledger).slots())
      if (slot.debit_micro > 0) this.debits.set(String(slot.body), { at: slot.sealed_ms, micro: slot.debit_micro });
  }

  check(): void {
    const all = [...this.debits.values()];
    for (const { at } of all) {
      const inside = all.filter((debit) => debit.at >= at && debit.at < at + 90 * DAY_MS);
      expect(inside.reduce((sum, { micro }) => sum + micro, 0)).toBeLessThanOrEqual(CAP_MICRO);
    }
  }
}

const step = fc.oneof(
  fc.record({
    act: fc.constant('visit' as const),
    tab: fc.nat(1),
    seals: fc.boolean(),
    sends: fc.boolean(),
    answer: fc.constantFrom('sent' as const, 'failed' as const, null),
  }),
  fc.record({ act: fc.constant('wait' as const), ms: fc.oneof(fc.nat(2 * EPOCH_MS), fc.nat(100 * DAY_MS)) }),
  fc.record({ act: fc.constant('back' as const), ms: fc.oneof(fc.nat(2 * EPOCH_MS), fc.nat(200 * DAY_MS)) }),
  fc.record({ act: fc.constantFrom('crash' as const, 'withdraw' as const) }),
);

test('no order of visits, crashes, clock changes and withdrawals spends over the cap or sends without a debit', async () => {
  let databases = 0;
  let left = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new World((await openLedger(indexedDB, `property-${databases++}`)) as LedgerDatabase);
      for (const each of steps) {
        if (each.act === 'visit') await world.visit(each.tab, each.seals, each.sends, each.answer);
        else if (each.act === 'wait') world.now += each.ms;
        else if (each.act === 'back') world.now = Math.max(0, world.now - each.ms);
        else if (each.act === 'crash') world.restart();
        else await withdraw(world.database);
        await world.note();
        world.check();
      }
      left += world.sent.size;
      world.database.close();
    }),
    { numRuns: 60, seed: 20261125 },
  );
  expect(left, 'reports did leave').toBeGreaterThan(10);
});
