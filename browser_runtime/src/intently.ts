/** Wires session, updates, scoring and reports into the object that a shop's page holds. */

import { startTracker, type Tracker } from '../../tracker/src/tracker';
import type {
  Consent,
  Held,
  Intently,
  IntentlyEvents,
  IntentlyOptions,
  Platform,
  Ranked,
  RankOptions,
  Scoring,
  Snapshot,
} from './api';
import { PINNED, type Pinned, WASM_NAME } from './constants';
import { setCurrent } from './current';
import { openDatabase } from './lib/database';
import { Emitter } from './lib/emitter';
import { browserPlatform } from './lib/platform';
import { StatusBoard } from './lib/status_board';
import { type HardFilters, rankCandidates } from './ranker';
import { Reporting } from './reporting';
import { topCategory } from './scoring/intent';
import { ModelLoader } from './scoring/model_loader';
import { SessionScorer } from './scoring/session_scorer';
import { snapshotOf } from './snapshot';
import { type HeldSet, Updater } from './updates/updater';

const DEFAULT_BASE = '/intently/';
const DEFAULT_CONSENT: Consent = { personalize: true, reports: true };
/** Between polls while nothing is held yet, ms. */
const RETRY_MS = 5_000;
const NO_MS = { features: 0, worker: 0, model: 0, rank: 0, total: 0 };

/** Start Intently on this page. Returns at once; never throws into the page. */
export function createIntently(options: IntentlyOptions = {}, pinned: Pinned = PINNED): Intently {
  const runtime = new Runtime(options, pinned);
  setCurrent(runtime);
  return runtime;
}

class Runtime implements Intently {
  readonly ready: Promise<boolean>;
  private readonly platform: Platform;
  private readonly emitter = new Emitter<IntentlyEvents>();
  private readonly board = new StatusBoard((status) => this.emitter.emit('status', status));
  private readonly tracker: Tracker;
  private readonly reporting: Reporting;
  private readonly scorings: SessionScorer;
  private updater: Updater | null = null;
  private loader: ModelLoader | null = null;
  private consent: Consent;
  private lastScoring: Scoring | null = null;
  private lastRanked: Ranked | null = null;
  private noticed = { scroll_depth: 0, impressions: 0, skips: 0 };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private scoringQueued = false;
  private eventQueued = false;
  private disposed = false;
  private settle: (held: boolean) => void = () => {};

  constructor(
    private readonly options: IntentlyOptions,
    private readonly pinned: Pinned,
  ) {
    this.platform = browserPlatform(options.platform);
    this.consent = options.consent ?? DEFAULT_CONSENT;
    this.ready = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.scorings = new SessionScorer(this.platform.monotonic);
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
    this.tracker = startTracker({
      now: this.platform.now,
      monotonic: this.platform.monotonic,
      storage: this.consent.personalize ? this.platform.sessionStorage : null,
      root: options.root === undefined ? document : options.root,
      onEvent: (event) => {
        if (this.held?.featureSpec?.event_types.includes(event.type)) this.queueScoring(true);
        this.tellSession();
      },
      onSignal: (signal) => {
        if (signal.kind === 'scroll') this.noticed.scroll_depth = signal.depth;
        if (signal.kind === 'impression') this.noticed.impressions++;
        if (signal.kind === 'skip') this.noticed.skips++;
        this.reporting.notice(signal);
      },
    });
    void this.boot();
  }

  get held(): HeldSet | null {
    return this.updater?.held ?? null;
  }

  record(event: { type: Parameters<Tracker['record']>[0]['type']; item: number }): void {
    if (this.consent.personalize && !this.disposed) this.tracker.record(event);
  }

  rankNow(candidates?: readonly number[] | null, options: RankOptions = {}): Ranked {
    const began = this.platform.monotonic();
    const list = rankCandidates(candidates ?? this.poolItems, null, this.filters(options), options.count);
    const rank = this.platform.monotonic() - began;
    return { placement: options.placement ?? '', tier: 'pool', ...list, ms: { ...NO_MS, rank, total: rank } };
  }

  async rank(candidates?: readonly number[] | null, options: RankOptions = {}): Promise<Ranked> {
    const scoring = options.tier === 'pool' ? null : await this.scored(candidates ?? this.poolItems);
    const ranked =
      scoring === null
        ? this.rankNow(candidates, options)
        : this.byScore(scoring, candidates ?? this.poolItems, options);
    this.lastRanked = ranked;
    this.emitter.emit('ranked', ranked);
    return ranked;
  }

  setViewing(item: number | null): void {
    this.tracker.setViewing(item);
    this.tellSession();
  }

  setCart(items: readonly number[]): void {
    this.tracker.session.setCart(items);
    this.tellSession();
  }

  setConsent(consent: Consent): void {
    this.consent = consent;
    if (!consent.personalize) this.forget();
    else if (this.held?.featureSpec) this.loader?.want(this.held.release.model);
    this.reporting.setConsent(consent);
    this.tellSession();
  }

  observe(root: ParentNode & Node): () => void {
    return this.options.root === null ? () => {} : this.tracker.observe(root);
  }

  forget(): void {
    this.tracker.session.forget();
    this.noticed = { scroll_depth: 0, impressions: 0, skips: 0 };
    this.lastScoring = null;
    this.tellSession();
  }

  on<K extends keyof IntentlyEvents>(name: K, listener: (value: IntentlyEvents[K]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  importChunk(name: string): Promise<unknown> {
    return this.platform.importChunk(name);
  }

  async poll(): Promise<void> {
    await this.updater?.poll();
  }

  snapshot(): Snapshot {
    return snapshotOf({
      session: this.tracker.session.state,
      dwell_ms: this.tracker.dwellMs(),
      noticed: this.noticed,
      scoring: this.lastScoring,
      lastRanked: this.lastRanked,
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
    clearTimeout(this.timer);
    this.tracker.stop();
    this.loader?.dispose();
    this.reporting.dispose();
    this.settle(false);
  }

  /** Absolute, ending in a slash. */
  private get base(): string {
    return new URL(this.options.baseUrl ?? DEFAULT_BASE, globalThis.location?.href).href;
  }

  private get poolItems(): readonly number[] {
    return this.held?.poolItems ?? [];
  }

  private async boot(): Promise<void> {
    const { platform, pinned } = this;
    if (pinned.releaseKey === '') {
      this.board.set({ updates: 'refused' }, 'this bundle pins no release key; build it with `intently bundle`');
      return this.settle(false);
    }
    const database = await openDatabase(platform.indexedDB, pinned.shop, pinned.releaseKey);
    if (this.disposed) return;
    this.updater = new Updater({
      platform,
      pinned,
      base: this.base,
      database,
      onHeld: (held) => this.takeUp(held),
      onState: (updates, note) => this.board.set({ updates }, note),
    });
    this.updater.keepUrls.add(platform.bundleUrl(WASM_NAME));
    this.loader = new ModelLoader({
      platform,
      files: this.updater.files,
      eager: this.options.eager ?? false,
      onState: (model, note) => this.modelTurned(model, note),
    });
    this.reporting.setDatabase(database);
    if (database === null)
      this.board.set({ reports: 'unavailable' }, 'no report: this browser keeps no ledger (storage refused)');
    await this.updater.restore();
    await this.pollOn();
    this.settle(this.held !== null);
  }

  /** Poll, then again after the signed time. */
  private async pollOn(): Promise<void> {
    await this.updater?.poll();
    if (this.disposed || this.options.pollMs === 0) return;
    const signed = this.held === null ? RETRY_MS : this.held.configuration.poll_s * 1000;
    this.timer = setTimeout(() => void this.pollOn(), this.options.pollMs ?? signed);
  }

  private takeUp(held: HeldSet): void {
    if (held.featureSpec !== null && this.consent.personalize) this.loader?.want(held.release.model);
    this.reporting.setTerms(held);
    this.settle(true);
    this.emitter.emit('update', held as Held);
    this.queueScoring();
  }

  private modelTurned(model: Snapshot['status']['model'], note: string): void {
    const tier = this.loader?.scorer ? 'onnx' : 'pool';
    this.board.set({ model, tier }, note);
    if (model === 'ready') this.queueScoring();
  }

  /** Score the pool once for all that happened in this turn; after an event its best category may be reported. */
  private queueScoring(afterEvent = false): void {
    this.eventQueued ||= afterEvent;
    if (this.scoringQueued) return;
    this.scoringQueued = true;
    queueMicrotask(() => {
      const event = this.eventQueued;
      this.scoringQueued = this.eventQueued = false;
      void this.rank(null, { placement: 'session' }).then(({ tier }) => {
        const { lastScoring, held } = this;
        if (!event || tier !== 'onnx' || lastScoring === null || held === null) return;
        this.reporting.noticeCategory(topCategory(lastScoring.candidates, lastScoring.scores, held.catalogue));
      });
    });
  }

  /** null: pool order. */
  private async scored(candidates: readonly number[]): Promise<Scoring | null> {
    const { held, loader } = this;
    const usable = loader?.scorer?.model === held?.release.model.sha256; // not the model of a release before
    if (held === null || !loader?.scorer || !usable || !this.consent.personalize || candidates.length === 0)
      return null;
    try {
      const scoring = await this.scorings.score(held, loader.scorer, this.tracker.session.state.events, candidates);
      if (scoring !== null && candidates === this.poolItems) this.lastScoring = scoring;
      return scoring;
    } catch (fault) {
      if (!this.disposed) loader.fail(fault);
      return null;
    }
  }

  /** Filters are those of now, not of when the scoring was asked. */
  private byScore(scoring: Scoring, candidates: readonly number[], options: RankOptions): Ranked {
    const began = this.platform.monotonic();
    const scoreOf = new Map(scoring.candidates.map((item, at) => [item, scoring.scores[at] as number]));
    const scores = candidates.map((item) => scoreOf.get(item) ?? Number.NaN);
    const list = rankCandidates(candidates, scores, this.filters(options), options.count);
    const rank = this.platform.monotonic() - began;
    const ms = { ...scoring.ms, rank, total: scoring.ms.features + scoring.ms.worker + rank };
    if (candidates === this.poolItems) this.lastScoring = { ...scoring, ms };
    return { placement: options.placement ?? '', tier: 'onnx', ...list, ms };
  }

  private filters(options: RankOptions): HardFilters {
    const { viewing, cart } = this.tracker.session.state;
    return { unavailable: this.held?.unavailable ?? new Set(), viewing, cart, exclude: options.exclude ?? [] };
  }

  private tellSession(): void {
    if (this.emitter.has('session')) this.emitter.emit('session', this.snapshot());
  }
}
