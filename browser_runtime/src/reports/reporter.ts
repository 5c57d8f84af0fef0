/** One browser's reports: draw, wait, sample, randomize, seal, debit, send; at most one an epoch. Never throws into the page. */

import type { Configuration, Release } from '../../../contracts/types';
import type { Budget, Platform, ReportsState, ReportView } from '../api';
import { CAP_DAYS, MICRO, type Pinned } from '../constants';
import type { Database } from '../lib/database';
import { sentenceOf } from '../lib/errors';
import { drawCollection, drawDelay, epochAt } from './draw';
import { Ledger, spentMicro } from './ledger';
import { checkConfiguration } from './limits';
import { randomize, supportersOf } from './randomizer';
import { type Bucket, reportPath, seal } from './seal';
import { NONE, type Slot } from './slot';
import { viewOf } from './words';

export interface ReporterOptions {
  readonly platform: Pick<Platform, 'now' | 'randomBytes' | 'fetch'>;
  readonly pinned: Pinned;
  readonly database: Database;
  /** Origin of the relay where the configuration names none. */
  readonly origin: string;
  readonly onReport: (view: ReportView) => void;
  readonly onState: (state: ReportsState, note: string) => void;
}

/** What is in force, signed. */
export interface Terms {
  readonly configuration: Configuration;
  readonly release: Release;
}

export type Kind = Slot['collection']['kind'];

/** Longest sleep: timers beyond 2^31 ms fire at once. */
const SLEEP_MOST_MS = 2 ** 30;
/** How long after its epoch a sealed report may still be tried, in epochs: the relay takes the one before until it is closed. */
const RESEND_EPOCHS = 1;

export class Reporter {
  private readonly ledger: Ledger;
  private terms: Terms | null = null;
  private slot: Slot | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private stopped = false;
  private kept: readonly Slot[] = [];

  constructor(private readonly options: ReporterOptions) {
    this.ledger = new Ledger(options.database);
  }

  /** Terms came into force. A configuration beyond this bundle's limits sends nothing, and forgets nothing. */
  use(terms: Terms): void {
    try {
      checkConfiguration(terms.configuration, this.options.pinned);
      this.terms = terms;
      this.options.onState('on', '');
    } catch (fault) {
      this.terms = null;
      clearTimeout(this.timer);
      this.options.onState('refused', sentenceOf(fault));
      return;
    }
    this.enqueue(() => this.turn());
  }

  /** Something of `kind` happened; values beyond the domain are none. */
  offer(kind: Kind, value: number): void {
    this.enqueue(async () => {
      const { slot } = this;
      if (slot === null || slot.collection.kind !== kind || value < 1 || value > slot.collection.domain_size) return;
      await this.ledger.offer(slot.starts_ms, value, this.options.platform.now(), this.options.platform.randomBytes);
    });
  }

  /** Visible ms that count as dwelling, 0 where this epoch does not ask. */
  get dwellMs(): number {
    return this.slot?.collection.kind === 'item_dwelled' ? this.slot.collection.dwell_ms : 0;
  }

  views(): ReportView[] {
    return this.kept.map(viewOf);
  }

  budget(): Budget | null {
    if (this.terms === null) return null;
    const spent = spentMicro(this.kept, this.options.platform.now());
    const cap = capMicro(this.terms.configuration);
    return {
      spent_epsilon: spent / MICRO,
      left_epsilon: Math.max(0, cap - spent) / MICRO,
      cap_epsilon: cap / MICRO,
      cap_days: CAP_DAYS,
    };
  }

  /** Stop for good; `drop` also forgets what waits. */
  async stop(drop: boolean): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    const { slot } = this;
    if (drop && slot !== null) await this.queue.then(() => this.ledger.drop(slot.starts_ms)).then(() => this.reread());
  }

  /** All that is under way; for tests and `poll`. */
  settled(): Promise<unknown> {
    return this.queue;
  }

  /** One step after another; a fault of storage is told, not thrown. */
  private enqueue(act: () => Promise<void>): void {
    this.queue = this.queue.then(async () => {
      if (this.stopped) return;
      try {
        await act();
      } catch (fault) {
        this.options.onState('unavailable', `no report: ${sentenceOf(fault)}`);
      }
    });
  }

  private async turn(): Promise<void> {
    if (this.terms === null) return;
    await this.resend();
    const now = this.options.platform.now();
    const bounds = epochAt(now, this.terms.configuration.epoch_s);
    this.slot = await this.ledger.open(bounds.starts_ms, now, () => this.fresh(now));
    if (this.slot?.state === 'waiting' && now >= this.slot.due_ms) await this.close(this.slot);
    else if (this.slot?.state === 'sealed') await this.send(this.slot);
    await this.reread();
    if (this.slot !== null) this.options.onReport(viewOf(this.slot));
    this.sleep(this.slot?.state === 'waiting' ? Math.min(this.slot.due_ms, bounds.ends_ms) : bounds.ends_ms);
  }

  private sleep(until_ms: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const wait = Math.min(SLEEP_MOST_MS, Math.max(1, until_ms - this.options.platform.now()));
    this.timer = setTimeout(() => this.enqueue(() => this.turn()), wait);
  }

  /** The coin and T, drawn before any behaviour of the epoch. */
  private fresh(now: number): Slot | null {
    const { configuration, release } = this.terms as Terms;
    const { randomBytes } = this.options.platform;
    const key = release.hpke_keys.find(({ state }) => state === 'active');
    const collection = drawCollection(configuration, randomBytes);
    if (key === undefined || collection === null || release.expires * 1000 <= now) return null;
    const bounds = epochAt(now, configuration.epoch_s);
    const bucket = {
      configuration: release.configuration.sha256,
      collection: collection.id,
      epoch: bounds.epoch,
      key_id: key.key_id,
    };
    return {
      ...bounds,
      shop: configuration.shop,
      configuration: bucket.configuration,
      collection,
      cap_micro: capMicro(configuration),
      key_id: key.key_id,
      public_key: key.public_key,
      url: (configuration.reports_url || this.options.origin) + reportPath(bucket),
      due_ms: now + drawDelay(configuration, randomBytes),
      seen: 0,
      value: NONE,
      state: 'waiting',
      debit_micro: 0,
      sealed_ms: 0,
      body: null,
      message: -1,
      supporters: 0,
      http_status: 0,
    };
  }

  /** At T: randomize, seal, debit, then send. */
  private async close(opened: Slot): Promise<void> {
    const slot = (await this.ledger.slots()).find(({ starts_ms }) => starts_ms === opened.starts_ms) ?? opened;
    const message = randomize(slot.collection, slot.value, this.options.platform.randomBytes);
    const body = await seal(message, bucketOf(slot), slot.public_key);
    const supporters = supportersOf(slot.collection, message);
    const sealed = await this.ledger.seal(slot.starts_ms, { body, message, supporters }, this.options.platform.now());
    this.slot = sealed;
    if (sealed?.state === 'sealed') await this.send(sealed);
  }

  /** The identical bytes, again, while the relay may still take them. */
  private async resend(): Promise<void> {
    const now = this.options.platform.now();
    for (const slot of await this.ledger.slots()) {
      const open = now < slot.ends_ms + RESEND_EPOCHS * (slot.ends_ms - slot.starts_ms);
      if (open && (slot.state === 'failed' || slot.state === 'sealed')) await this.send(slot);
    }
  }

  private async send(slot: Slot): Promise<void> {
    const [state, status] = await this.post(slot);
    const settled = await this.ledger.settle(slot.starts_ms, state, status);
    if (this.slot?.starts_ms === slot.starts_ms) this.slot = settled;
    await this.reread();
    if (settled !== null) this.options.onReport(viewOf(settled));
  }

  private async post({ url, body }: Slot): Promise<['sent' | 'refused' | 'failed', number]> {
    try {
      const answer = await this.options.platform.fetch(url, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'text/plain' },
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        keepalive: true,
      });
      return [answer.ok ? 'sent' : 'refused', answer.status];
    } catch {
      return ['failed', 0];
    }
  }

  private async reread(): Promise<void> {
    this.kept = await this.ledger.slots();
  }
}

function bucketOf({ configuration, collection, epoch, key_id }: Slot): Bucket {
  return { configuration, collection: collection.id, epoch, key_id };
}

/** The cap in millionths, rounded down. */
function capMicro({ cap_epsilon }: Configuration): number {
  return Math.floor(cap_epsilon * MICRO);
}
