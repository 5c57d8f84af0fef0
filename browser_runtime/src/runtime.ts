/** Wires session, updates, scoring and reports into the object that a shop's page holds. */

import { type ModeName, STRICT } from '../../tracker/src/consent';
import type { EventInput } from '../../tracker/src/event';
import { SENSORS } from '../../tracker/src/sensors';
import { impressions } from '../../tracker/src/sensors/impressions';
import type { SessionState } from '../../tracker/src/state';
import { tabsOn } from '../../tracker/src/tabs';
import { startTracker, type Tracker } from '../../tracker/src/tracker';
import type {
  CardFacts,
  Consent,
  Held,
  Intently,
  IntentlyEvents,
  IntentlyOptions,
  Platform,
  Ranked,
  RankOptions,
  Snapshot,
} from './api';
import { ConsentKeeper } from './consent';
import type { Pinned } from './constants';
import type { Emitter } from './lib/emitter';
import { sentenceOf } from './lib/errors';
import { forgetStores } from './lib/forget_stores';
import type { FirstCalm } from './lib/idle';
import { onceATurn } from './lib/once_a_turn';
import { browserPlatform } from './lib/platform';
import { StatusBoard } from './lib/status_board';
import { describe } from './ranking/describe';
import { topCategory } from './ranking/intent';
import { Lists } from './ranking/lists';
import { MemoryStore } from './ranking/memory_store';
import { Reporting } from './reporting';
import { snapshotOf } from './snapshot';
import { Supply } from './supply';
import type { HeldSet } from './updates/updater';

const DEFAULT_BASE = '/intently/';
/** The list that is ranked after each event, for those who listen; nothing shows it by itself. */
const SESSION_PLACEMENT = 'session';
const SESSION_COUNT = 100;

/** Start on a page that is being visited. Never throws. */
export function startRuntime(
  options: IntentlyOptions,
  pinned: Pinned,
  emitter: Emitter<IntentlyEvents>,
  calm: FirstCalm,
): Intently {
  return new Runtime(options, pinned, emitter, calm);
}

class Runtime implements Intently {
  readonly ready: Promise<boolean>;
  private readonly platform: Platform;
  private readonly board = new StatusBoard((status) => this.emitter.emit('status', status));
  private readonly tracker: Tracker;
  private readonly reporting: Reporting;
  private readonly lists: Lists;
  private readonly memory: MemoryStore;
  private readonly keeper: ConsentKeeper;
  private readonly supply: Supply;
  private noticed = { scroll_depth: 0, impressions: 0, skips: 0 };
  private disposed = false;
  private settle: (held: boolean) => void = () => {};

  constructor(
    private readonly options: IntentlyOptions,
    private readonly pinned: Pinned,
    private readonly emitter: Emitter<IntentlyEvents>,
    calm: FirstCalm,
  ) {
    this.keeper = new ConsentKeeper(browserPlatform(options.platform), pinned.shop, options, (told) =>
      this.apply(told),
    );
    this.platform = this.keeper.platform;
    this.ready = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.supply = new Supply({
      options,
      pinned,
      base: this.base,
      keeper: this.keeper,
      board: this.board,
      calm,
      onRestored: () => this.openLedger(),
      onHeld: (held) => this.takeUp(held),
      onModel: () => this.queueScoring(),
    });
    this.memory = new MemoryStore(
      () => this.platform.sessionStorage,
      this.platform.randomBytes,
      (item) => this.categoryOf(item),
    );
    this.lists = new Lists({
      now: this.platform.now,
      memory: () => this.memory.memory,
      seed: () => this.memory.seed,
      shopper: { region: options.shopper?.region ?? null, age: options.shopper?.age ?? null },
      monotonic: this.platform.monotonic,
      session: () => this.tracker.session.state,
      held: () => this.held,
      scorer: () => this.supply.scorer,
      onFault: (fault) => this.supply.failModel(fault),
    });
    this.reporting = new Reporting(
      {
        platform: this.platform,
        board: this.board,
        pinned,
        origin: new URL(this.base).origin,
        onReport: (view) => this.emitter.emit('report', view),
      },
      this.consent,
    );
    this.boot(); // storage answers while the rest is put together
    this.tracker = startTracker({
      now: this.platform.now,
      monotonic: this.platform.monotonic,
      storage: this.platform.sessionStorage,
      root: options.root === undefined ? document : options.root,
      sensors: SENSORS,
      mode: this.keeper.mode,
      resolve: (sku) => (this.held === null ? undefined : this.held.listed.indexOf(sku)),
      tabs: tabsOn(() => this.platform.openChannel(`intently-session-${pinned.shop}`), this.tabNumber()),
      onTaken: () => {
        this.queueScoring();
        this.tellSession();
      },
      onEvent: (event) => {
        this.memory.happened(event);
        if (this.held?.featureSpec?.event_types.includes(event.type)) this.queueScoring(true);
        this.tellSession();
      },
      onSignal: (signal) => {
        if (signal.kind === 'scroll') this.noticed.scroll_depth = signal.depth;
        if (signal.kind === 'impression') this.noticed.impressions++;
        if (this.emitter.has('signal')) this.emitter.emit('signal', signal);
        if (signal.kind === 'skip') {
          this.noticed.skips++;
          this.memory.skipped(signal.item);
        }
        this.reporting.notice(signal);
      },
    });
    if (this.keeper.mode === STRICT && this.keeper.told) this.forget(); // of an earlier page
  }

  get held(): HeldSet | null {
    return this.supply.held;
  }

  record(event: EventInput): void {
    this.tracker.record(event);
  }

  rankNow(candidates?: readonly number[] | null, options: RankOptions = {}): Ranked {
    return this.lists.byPool(candidates ?? this.supply.candidates(options.category), options);
  }

  async rank(candidates?: readonly number[] | null, options: RankOptions = {}): Promise<Ranked> {
    if (this.held === null) await this.ready;
    if (options.category !== undefined) await this.supply.loadCategories();
    const ranked = await this.lists.rank(candidates ?? this.supply.candidates(options.category), options);
    if (options.placement !== SESSION_PLACEMENT) this.memory.listShown();
    this.emitter.emit('ranked', ranked);
    return ranked;
  }

  notInterested(item: number): void {
    if (!Number.isInteger(item) || item < 1 || this.disposed) return;
    this.memory.dismissed(item);
    this.tellSession();
  }

  describe(item: number, language = ''): CardFacts | null {
    return this.held === null ? null : describe(this.held, item, language);
  }

  setViewing(item: number | null): void {
    this.tracker.setViewing(item);
    this.tellSession();
  }

  setCart(items: readonly number[]): void {
    this.tracker.session.setCart(items);
    this.tellSession();
  }

  setConsent(consent: Consent | ModeName): void {
    this.keeper.choose(consent);
  }

  /** Another mode is in force. */
  private apply(told: boolean): void {
    this.tracker.setMode(this.keeper.mode, told);
    if (!this.consent.personalize && told) this.forget();
    this.supply.wantModel();
    if (told || this.consent.reports) this.reporting.setConsent(this.consent);
    this.openLedger();
    this.tellSession();
  }

  observe(root: ParentNode & Node): () => void {
    return this.options.root === null ? () => {} : this.tracker.add(impressions, root);
  }

  forget(): void {
    this.tracker.session.forget();
    this.memory.forget();
    this.noticed = { scroll_depth: 0, impressions: 0, skips: 0 };
    this.lists.forget();
    this.tellSession();
  }

  async forgetMe(): Promise<void> {
    this.keeper.forget();
    this.forget();
    this.reporting.dispose();
    await forgetStores(this.keeper.browser, this.pinned.shop);
    this.tellSession();
  }

  sessionState(): SessionState {
    return this.tracker.session.state;
  }

  on<K extends keyof IntentlyEvents>(name: K, listener: (value: IntentlyEvents[K]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  importChunk(name: string): Promise<unknown> {
    return this.platform.importChunk(name);
  }

  async poll(): Promise<void> {
    await this.supply.poll();
  }

  snapshot(): Snapshot {
    return snapshotOf({
      session: this.tracker.session.state,
      dwell_ms: this.tracker.dwellMs(),
      noticed: this.noticed,
      feedback: this.memory.memory,
      scoring: this.lists.lastScoring,
      lastRanked: this.lists.lastRanked,
      status: this.board.status,
      held: this.held,
      budget: this.reporting.budget,
      reports: this.reporting.reports,
      consent: this.consent,
      globalPrivacyControl: this.platform.globalPrivacyControl(),
      pinned: this.pinned,
    });
  }

  dispose(): void {
    this.disposed = true;
    this.keeper.stop();
    this.tracker.stop();
    this.supply.dispose();
    this.reporting.dispose();
    this.settle(false);
  }

  private get consent(): Consent {
    return this.keeper.consent;
  }

  /** Tells this page from the shop's other open tabs; it is never stored. */
  private tabNumber(): number {
    return this.platform.randomBytes(4).reduce((number, byte) => number * 256 + byte, 0);
  }

  /** Absolute, ending in a slash. */
  private get base(): string {
    const base = this.options.baseUrl ?? DEFAULT_BASE;
    return new URL(base.endsWith('/') ? base : `${base}/`, globalThis.location?.href).href;
  }

  private categoryOf(item: number): number {
    return this.held?.listed.categories[item] ?? 0;
  }

  private boot(): void {
    this.supply
      .start()
      .then(this.settle)
      .catch((fault: unknown) => {
        this.board.set({}, sentenceOf(fault));
        this.settle(false);
      });
  }

  private openLedger(): void {
    if (this.pinned.releaseKey !== '' && !this.disposed) void this.reporting.open(this.keeper, this.pinned.shop);
  }

  private takeUp(held: HeldSet): void {
    this.reporting.setTerms(held);
    this.tracker.resolved();
    this.settle(true);
    this.emitter.emit('update', held as Held);
    this.queueScoring();
  }

  /** Score once for all that happened in this turn; after an event its best category may be reported. */
  private readonly queueScoring = onceATurn((afterEvent) => void this.scoreSession(afterEvent));

  private async scoreSession(afterEvent: boolean): Promise<void> {
    const { tier } = await this.rank(null, { placement: SESSION_PLACEMENT, count: SESSION_COUNT });
    const { held } = this;
    const { lastScoring } = this.lists;
    if (!afterEvent || tier === 'pool' || lastScoring === null || held === null) return;
    this.reporting.noticeCategory(topCategory(lastScoring.candidates, lastScoring.scores, held.listed));
  }

  private tellSession(): void {
    if (this.emitter.has('session')) this.emitter.emit('session', this.snapshot());
  }
}
