/** When reports are on: consent, Global Privacy Control, storage; and which happenings are offered to the reporter. */

import { LOCAL, STRICT } from '../../tracker/src/consent';
import type { Signal } from '../../tracker/src/event';
import type { Budget, Consent, Platform, ReportView } from './api';
import type { ConsentKeeper } from './consent';
import { PINNED, type Pinned } from './constants';
import { hasLedger, type LedgerDatabase, openLedger } from './lib/database';
import { sentenceOf } from './lib/errors';
import type { StatusBoard } from './lib/status_board';
import { clearStale, withdraw } from './reports/clear';
import type { Reporter, ReporterOptions } from './reports/entry';
import type { Terms } from './reports/reporter';

type Chunk = { readonly Reporter: new (options: ReporterOptions) => Reporter };

export const REPORTS_CHUNK = 'intently-reports.js';

export interface ReportingOptions {
  readonly platform: Platform;
  readonly board: StatusBoard;
  readonly origin: string;
  readonly pinned?: Pinned;
  readonly onReport: (view: ReportView) => void;
}

export class Reporting {
  private reporter: Reporter | null = null;
  private starting = false;
  private asked = false;
  private database: LedgerDatabase | null = null;
  private terms: Terms | null = null;
  private views: readonly ReportView[] = [];
  private lastBudget: Budget | null = null;
  /** Item whose dwell was offered in this view of it. */
  private dwelled = 0;

  constructor(
    private readonly options: ReportingOptions,
    private consent: Consent,
  ) {}

  /** The ledger is opened once storing is allowed; where all is refused, one from earlier is opened to be emptied of what waits. */
  async open({ mode, told, browser }: ConsentKeeper, shop: string): Promise<void> {
    const factory = browser.indexedDB;
    if (this.asked || (mode < LOCAL && !(mode === STRICT && told && (await hasLedger(factory, shop))))) return;
    this.asked = true;
    await this.setDatabase(await openLedger(factory, shop));
  }

  /** Storage was opened, or refused. What an earlier page sampled is forgotten first, whatever is allowed. */
  async setDatabase(database: LedgerDatabase | null): Promise<void> {
    if (database === null)
      this.options.board.set({ reports: 'unavailable' }, 'no report: this browser keeps no ledger (storage refused)');
    else await this.attempt(() => clearStale(database, this.options.platform.now()));
    this.database = database;
    if (this.allowed) this.start();
    else await this.withdrawn();
  }

  setTerms(terms: Terms): void {
    this.terms = terms;
    if (this.reporter === null) this.start();
    else this.reporter.use(terms);
  }

  setConsent(consent: Consent): void {
    this.consent = consent;
    if (this.allowed) this.start();
    else void this.stop();
  }

  /** What a sensor noticed. */
  notice(signal: Signal): void {
    if (signal.kind === 'skip') this.reporter?.offer('item_skipped', signal.item);
    if (signal.kind !== 'dwell') return;
    const wanted = this.reporter?.dwellMs ?? 0;
    if (signal.item === this.dwelled && signal.dwell_ms < wanted) this.dwelled = 0; // seen anew
    if (wanted === 0 || signal.dwell_ms < wanted || signal.item === this.dwelled) return;
    this.dwelled = signal.item;
    this.reporter?.offer('item_dwelled', signal.item);
  }

  /** The category that the model scores highest after an event. */
  noticeCategory(category: number): void {
    if (category > 0) this.reporter?.offer('category_intent', category);
  }

  get reports(): readonly ReportView[] {
    return this.reporter?.views() ?? this.views;
  }

  get budget(): Budget | null {
    return this.reporter?.budget() ?? this.lastBudget;
  }

  dispose(): void {
    void this.reporter?.stop(false);
    this.reporter = null;
    this.terms = null;
  }

  private get allowed(): boolean {
    return this.consent.reports && !this.options.platform.globalPrivacyControl();
  }

  private start(): void {
    if (!this.allowed || this.terms === null || this.reporter !== null || this.starting) return;
    if (this.database === null) return;
    this.starting = true;
    void this.load(this.database).finally(() => {
      this.starting = false;
    });
  }

  private async load(database: LedgerDatabase): Promise<void> {
    const { platform, board, origin, onReport, pinned = PINNED } = this.options;
    try {
      const { Reporter } = (await platform.importChunk(REPORTS_CHUNK)) as Chunk;
      if (!this.allowed || this.terms === null) return;
      const onState: ReporterOptions['onState'] = (reports, note) => board.set({ reports }, note);
      this.reporter = new Reporter({
        platform,
        pinned,
        database,
        origin,
        allowed: () => this.allowed,
        onReport,
        onState,
      });
      this.reporter.use(this.terms);
    } catch (fault) {
      board.set({ reports: 'unavailable' }, `no report: ${sentenceOf(fault)}`);
    }
  }

  private async stop(): Promise<void> {
    const { reporter } = this;
    this.reporter = null;
    this.options.board.set({ reports: 'off' });
    if (reporter === null) return this.withdrawn();
    await this.attempt(() => reporter.stop(true));
    this.views = reporter.views();
    this.lastBudget = reporter.budget();
    const last = this.views.at(-1);
    if (last !== undefined) this.options.onReport(last);
  }
  /** Not allowed, and no reporter to say so to: nothing that was sampled or sealed stays. */
  private async withdrawn(): Promise<void> {
    const { database } = this;
    if (database !== null) await this.attempt(() => withdraw(database));
  }

  private async attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (fault) {
      this.options.board.set({}, `ledger: ${sentenceOf(fault)}`);
    }
  }
}
