/** One browser's reports: draw, wait, sample, randomize, seal, debit, send; at most one an epoch. Never throws into the page. */

import type { Configuration, Manifest, Release } from '../../../contracts/types';
import type { Budget, Platform, ReportsState, ReportView } from '../api';
import { CAP_DAYS, MICRO, type Pinned } from '../constants';
import type { LedgerDatabase } from '../lib/database';
import { sentenceOf } from '../lib/errors';
import { withdraw } from './clear';
import { drawCollection, drawDelay, epochAt } from './draw';
import { Ledger, spentMicro } from './ledger';
import { checkConfiguration } from './limits';
import { randomize, supportersOf } from './randomizer';
import { type Bucket, reportPath, seal } from './seal';
import { NONE, type Slot } from './slot';
import { lacksToken, Tickets, withToken } from './tickets';
import { viewOf } from './words';

export interface ReporterOptions {
  readonly platform: Pick<Platform, 'now' | 'randomBytes' | 'fetch' | 'importChunk'>;
  readonly pinned: Pinned;
  readonly database: LedgerDatabase;
  /** Whether consent and the browser allow reports, asked again before each step. */
  readonly allowed: () => boolean;
  /** Origin of the relay where the configuration names none. */
  readonly origin: string;
  readonly onReport: (view: ReportView) => void;
  readonly onState: (state: ReportsState, note: string) => void;
}

/** What is in force, signed. */
export interface Terms {
  readonly configuration: Configuration;
  readonly release: Release;
  readonly manifest: Manifest;
}

export type Kind = Slot['collection']['kind'];

/** Longest sleep: timers beyond 2^31 ms fire at once. */
const SLEEP_MOST_MS = 2 ** 30;
/** Until a look at what another tab that sends has come to, ms. */
const LOOK_AGAIN_MS = 1000;

export class Reporter {
  private readonly ledger: Ledger;
  private readonly tickets: Tickets;
  private terms: Terms | null = null;
  private slot: Slot | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private asking: Promise<void> = Promise.resolve();
  private stopped = false;
  /** Told to forget what waits. */
  private told = false;
  private kept: readonly Slot[] = [];

  constructor(private readonly options: ReporterOptions) {
    this.ledger = new Ledger(options.database);
    this.tickets = new Tickets(this.ledger, options);
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

  /** Stop for good, at once; `drop` also forgets what waits and what is sealed. */
  async stop(drop: boolean): Promise<void> {
    this.stopped = true;
    this.told ||= drop;
    clearTimeout(this.timer);
    if (!drop) return;
    await withdraw(this.options.database);
    await this.queue;
    await this.reread();
  }

  /** All that is under way; for tests and `poll`. */
  async settled(): Promise<unknown> {
    await this.queue;
    await this.asking;
    return this.queue;
  }

  /** One step after another; a fault of storage is told, not thrown. */
  private enqueue(act: () => Promise<void>): void {
    this.queue = this.queue.then(async () => {
      if (this.stopped) return;
      try {
        if (this.withdrawn) await withdraw(this.options.database);
        else await act();
      } catch (fault) {
        this.options.onState('unavailable', `no report: ${sentenceOf(fault)}`);
      }
    });
  }

  private async turn(): Promise<void> {
    if (this.terms === null) return;
    const now = this.options.platform.now();
    const bounds = epochAt(now, this.terms.configuration.epoch_s);
    this.slot = await this.ledger.open(bounds.starts_ms, now, () => this.fresh(now));
    if (this.slot !== null && !this.silent)
      this.asking = Promise.all([this.asking, this.ask(this.slot)]).then(() => {});
    if (this.slot?.state === 'waiting' && now >= this.slot.due_ms) await this.close(this.slot);
    await this.sendSealed();
    await this.reread();
    const starts_ms = this.slot?.starts_ms;
    this.slot = this.kept.find((slot) => slot.starts_ms === starts_ms) ?? null;
    if (this.slot !== null) this.options.onReport(viewOf(this.slot));
    this.sleep(Math.min(this.nextLook(now), bounds.ends_ms));
  }

  /** Not in the queue: what happens meanwhile is sampled all the same, and an issuer that is slow holds nothing up. */
  private async ask(slot: Slot): Promise<void> {
    try {
      if (!(await this.tickets.fetch(slot))) return;
      this.enqueue(() => this.turn());
    } catch (fault) {
      if (!this.silent) this.options.onState('unavailable', `no report: ${sentenceOf(fault)}`);
    }
  }

  /** At T; soon where another tab sends. What failed waits for the next page: trying on a timer would tell how long this one stays open. */
  private nextLook(now: number): number {
    if (this.slot?.state === 'waiting' && this.slot.due_ms > now) return this.slot.due_ms;
    return this.slot?.state === 'sealed' ? now + LOOK_AGAIN_MS : Number.POSITIVE_INFINITY;
  }

  /** Nothing more leaves this page. */
  private get silent(): boolean {
    return this.stopped || this.withdrawn;
  }

  /** What waits is to be forgotten, whether we were told or not. A page that merely closes leaves it to the next. */
  private get withdrawn(): boolean {
    return this.told || !this.options.allowed();
  }

  /** Nothing is drawn or sealed on terms that have run out. */
  private inForce(now: number): boolean {
    if (this.terms === null) return false;
    const { release, manifest } = this.terms;
    return Math.min(release.expires, manifest.expires) * 1000 > now;
  }

  private sleep(until_ms: number): void {
    clearTimeout(this.timer);
    if (this.stopped) return;
    const wait = Math.min(SLEEP_MOST_MS, Math.max(1, until_ms - this.options.platform.now()));
    this.timer = setTimeout(() => this.enqueue(() => this.turn()), wait);
  }

  /** The coin and T, drawn before any behaviour of the epoch. */
  private fresh(now: number): Slot | null {
    if (this.terms === null || !this.inForce(now)) return null;
    const { configuration, release } = this.terms;
    const { randomBytes } = this.options.platform;
    const key = release.hpke_keys.find(({ state }) => state === 'active');
    const collection = drawCollection(configuration, randomBytes);
    if (key === undefined || collection === null) return null;
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
      sending_until: 0,
      ticket: configuration.tokens ? { terms: configuration.tokens, asked: null, token: null, asking_until: 0 } : null,
    };
  }

  /** At T: randomize, seal, debit. */
  private async close(opened: Slot): Promise<void> {
    const slot = (await this.ledger.slots()).find(({ starts_ms }) => starts_ms === opened.starts_ms) ?? opened;
    if (lacksToken(slot)) return;
    const message = randomize(slot.collection, slot.value, this.options.platform.randomBytes);
    const body = withToken(await seal(message, bucketOf(slot), slot.public_key), slot);
    const supporters = supportersOf(slot.collection, message);
    const now = this.options.platform.now();
    if (this.silent || !this.inForce(now)) return;
    await this.ledger.seal(slot.starts_ms, { body, message, supporters }, now);
  }

  /** What is sealed, and the identical bytes again of what failed, while their epoch lasts. */
  private async sendSealed(): Promise<void> {
    for (const { starts_ms } of await this.ledger.slots()) {
      if (this.withdrawn) return withdraw(this.options.database);
      if (this.stopped) return;
      const slot = await this.ledger.claim(starts_ms, this.options.platform.now());
      if (slot !== null) await this.send(slot);
    }
  }

  private async send(slot: Slot): Promise<void> {
    if (this.silent) return this.ledger.unclaim(slot, this.withdrawn);
    const [state, status] = await this.post(slot);
    const settled = await this.ledger.settle(slot.starts_ms, state, status);
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
      const busy = answer.status === 429 || answer.status >= 500;
      return [answer.ok ? 'sent' : busy ? 'failed' : 'refused', answer.status];
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
