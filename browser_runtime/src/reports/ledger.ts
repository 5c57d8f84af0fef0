/**
 * The client's ledger, in IndexedDB. Spending is: check everything, then record, then send; each step is one transaction on the
 * epoch's slot, so that over all tabs an epoch has one draw, one sealing and one debit.
 */

import { CAP_DAYS } from '../constants';
import type { LedgerDatabase } from '../lib/database';
import { offered } from './draw';
import { droppedOf, NONE, type Slot, type Ticket } from './slot';
import type { RandomBytes } from './uniform';

const DAY_MS = 86_400_000;
/** Slots kept for the lens besides those that the cap still counts. */
const KEPT_UNSPENT = 8;
/** How long a tab that sends keeps others, and itself, from sending the same bytes again, ms. */
export const SENDING_MS = 10_000;
/** How long a tab that asks for a token keeps others from asking, ms. */
export const ASKING_MS = 30_000;

export interface Sealed {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly message: number;
  readonly supporters: number;
}

/** Millionths of epsilon debited in the `CAP_DAYS` days before `now_ms`. */
export function spentMicro(slots: readonly Slot[], now_ms: number): number {
  const since = now_ms - CAP_DAYS * DAY_MS;
  return slots.filter((slot) => slot.sealed_ms > since).reduce((sum, slot) => sum + slot.debit_micro, 0);
}

export class Ledger {
  constructor(private readonly database: LedgerDatabase) {}

  /** All slots, oldest first. */
  slots(): Promise<Slot[]> {
    return this.database.getAll('slots');
  }

  /**
   * The slot of the epoch, made by `fresh` if this is its first page. null if the epoch would overlap another that this browser
   * took part in (another configuration's, or one ahead of a clock set back): then nothing is reported.
   */
  async open(starts_ms: number, now_ms: number, fresh: () => Slot | null): Promise<Slot | null> {
    const act = this.database.transaction('slots', 'readwrite');
    const slots = await act.store.getAll();
    const same = slots.find((slot) => slot.starts_ms === starts_ms && slot.ends_ms > now_ms);
    let slot = same ?? null;
    if (same === undefined && !slots.some(({ ends_ms }) => ends_ms > starts_ms)) {
      slot = fresh();
      if (slot !== null) await act.store.add(slot);
    }
    for (const stale of slots.filter((old) => old.state === 'waiting' && old.ends_ms <= now_ms))
      await act.store.put(droppedOf(stale));
    for (const gone of forgettable(slots, now_ms)) await act.store.delete(gone.starts_ms);
    await act.done;
    return slot;
  }

  /** Offer an event of the collection's kind to the reservoir; ignored after T. */
  async offer(starts_ms: number, value: number, now_ms: number, randomBytes: RandomBytes): Promise<void> {
    await this.change(starts_ms, (slot) => {
      if (slot.state !== 'waiting' || now_ms > slot.due_ms) return null;
      return { ...slot, ...offered(slot, value, randomBytes) };
    });
  }

  /**
   * Debit and store the sealed bytes in one transaction, before anything is sent. At the cap nothing is stored but `capped`.
   * Another tab may have been first: then its slot stands. Returns the slot as it stands now.
   */
  async seal(starts_ms: number, sealed: Sealed, now_ms: number): Promise<Slot | null> {
    return this.change(starts_ms, (slot, all) => {
      if (slot.state !== 'waiting') return null;
      const emptied = { ...slot, seen: 0, value: NONE, ticket: null };
      const debit_micro = slot.collection.epsilon_micro;
      if (spentMicro(all, now_ms) + debit_micro > slot.cap_micro) return { ...emptied, state: 'capped' };
      return { ...emptied, ...sealed, state: 'sealed', debit_micro, sealed_ms: now_ms };
    });
  }

  /**
   * Take it on to send the slot's bytes, for `SENDING_MS`. Returns the slot as it was before; null if another tab has taken it
   * on, its epoch is over, or nothing is to send.
   */
  async claim(starts_ms: number, now_ms: number): Promise<Slot | null> {
    let before: Slot | null = null;
    await this.change(starts_ms, (slot) => {
      const taken = now_ms < slot.sending_until && slot.sending_until <= now_ms + SENDING_MS;
      if (taken || now_ms >= slot.ends_ms || (slot.state !== 'sealed' && slot.state !== 'failed')) return null;
      before = slot;
      return { ...slot, sending_until: now_ms + SENDING_MS };
    });
    return before;
  }

  /** Take it on to ask for the slot's token, for `ASKING_MS`; null where another tab does or none is lacking. */
  async claimTicket(starts_ms: number, now_ms: number): Promise<Slot | null> {
    let before: Slot | null = null;
    await this.change(starts_ms, (slot) => {
      const { ticket = null } = slot;
      if (ticket === null || ticket.token !== null || slot.state !== 'waiting' || now_ms >= slot.ends_ms) return null;
      if (now_ms < ticket.asking_until && ticket.asking_until <= now_ms + ASKING_MS) return null;
      before = slot;
      return { ...slot, ticket: { ...ticket, asking_until: now_ms + ASKING_MS } };
    });
    return before;
  }

  /** What came of asking, while the slot waits. The first request and the first token stay. */
  async keepTicket(starts_ms: number, came: Partial<Ticket>): Promise<Slot | null> {
    return this.change(starts_ms, (slot) => {
      const { ticket = null } = slot;
      if (ticket === null || slot.state !== 'waiting') return null;
      const asked = came.token ? null : (ticket.asked ?? came.asked ?? null);
      return { ...slot, ticket: { ...ticket, ...came, asked, token: ticket.token ?? came.token ?? null } };
    });
  }

  /** Nothing left this time: withdrawn between `claim` and sending, or the page closed, and the next may send. */
  async unclaim({ starts_ms, sending_until }: Slot, withdrawn: boolean): Promise<void> {
    await this.change(starts_ms, (slot) => {
      const back = { ...slot, sending_until };
      return withdrawn ? droppedOf(back) : back;
    });
  }

  /** What came of sending. What was withdrawn meanwhile is not tried again. */
  async settle(starts_ms: number, state: 'sent' | 'refused' | 'failed', http_status: number): Promise<Slot | null> {
    return this.change(starts_ms, (slot) => {
      if (slot.state === 'sent') return null;
      return { ...slot, state: slot.state === 'dropped' && state === 'failed' ? 'dropped' : state, http_status };
    });
  }

  private async change(
    starts_ms: number,
    step: (slot: Slot, all: readonly Slot[]) => Slot | null,
  ): Promise<Slot | null> {
    const act = this.database.transaction('slots', 'readwrite');
    const all = await act.store.getAll();
    const slot = all.find((candidate) => candidate.starts_ms === starts_ms);
    const next = slot === undefined ? null : step(slot, all);
    if (next !== null) await act.store.put(next);
    await act.done;
    return next ?? slot ?? null;
  }
}

/** Beyond the cap's days, or never spent and no longer among the newest. */
function forgettable(slots: readonly Slot[], now_ms: number): Slot[] {
  const over = slots.filter((slot) => slot.ends_ms <= now_ms);
  const unspent = over.filter((slot) => slot.debit_micro === 0);
  const old = over.filter((slot) => slot.debit_micro > 0 && slot.sealed_ms <= now_ms - CAP_DAYS * DAY_MS);
  return [...unspent.slice(0, Math.max(0, unspent.length - KEPT_UNSPENT)), ...old];
}
