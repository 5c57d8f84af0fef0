/** The signed files in force and the model that they name: restored, polled, and loaded as far as the shopper allows. */

import type { Release } from '../../contracts/types';
import type { IntentlyOptions, ModelState } from './api';
import type { ConsentKeeper } from './consent';
import type { Pinned } from './constants';
import { openFiles } from './lib/database';
import type { FirstCalm } from './lib/idle';
import type { StatusBoard } from './lib/status_board';
import { ModelLoader } from './scoring/model_loader';
import { whyNoModel } from './scoring/model_policy';
import type { Scorer } from './scoring/scorer';
import { CategoryLists } from './updates/category_lists';
import { Polling } from './updates/polling';
import { type HeldSet, Updater } from './updates/updater';

export interface SupplyParts {
  readonly options: IntentlyOptions;
  readonly pinned: Pinned;
  /** Absolute URL ending in a slash. */
  readonly base: string;
  readonly keeper: ConsentKeeper;
  readonly board: StatusBoard;
  readonly calm: FirstCalm;
  /** Whatever an earlier page kept is in force now, or there is nothing. */
  readonly onRestored: () => void;
  readonly onHeld: (held: HeldSet) => void;
  readonly onModel: () => void;
}

export class Supply {
  private updater: Updater | null = null;
  private loader: ModelLoader | null = null;
  private polling: Polling | null = null;
  private disposed = false;
  private readonly categories: CategoryLists;

  constructor(private readonly parts: SupplyParts) {
    this.categories = new CategoryLists((note) => parts.board.set({}, note));
  }

  get held(): HeldSet | null {
    return this.updater?.held ?? null;
  }

  /** null: pool order, also where the shopper wants nothing personal. */
  get scorer(): Scorer | null {
    return this.personal ? (this.loader?.scorer ?? null) : null;
  }

  /** Resolves when the first poll is done or a leading tab has answered; whether a set is held. Rejects where nothing can be. */
  async start(): Promise<boolean> {
    const { pinned, keeper, board } = this.parts;
    if (pinned.releaseKey === '') {
      board.set({ updates: 'refused' }, 'this bundle pins no release key; build it with `intently bundle`');
      return false;
    }
    const database = openFiles(keeper.platform.indexedDB, pinned.shop, pinned.releaseKey);
    this.updater = this.makeUpdater(database);
    this.updater.files.open();
    this.loader = this.makeLoader(this.updater);
    this.polling = this.makePolling(
      this.updater,
      database.then((opened) => opened !== null),
    );
    const restored = this.updater.restore();
    const polled = this.polling.start(); // beside: the manifest is on its way while storage opens
    await restored;
    if (!this.disposed) this.parts.onRestored();
    await polled;
    return this.held !== null;
  }

  async poll(): Promise<void> {
    await (this.polling?.now() ?? this.updater?.poll());
  }

  /** Load the model unless the shopper saves data, has not allowed it, or it is larger than the page may grow. */
  wantModel(): void {
    const { held } = this;
    if (held === null || held.featureSpec === null || !this.personal) return;
    const why = this.whyNoModel(held.release);
    if (why === '') this.loader?.want(held);
    else this.parts.board.set({ model: 'none' }, why);
  }

  /** The model failed while scoring. */
  failModel(fault: unknown): void {
    if (!this.disposed) this.loader?.fail(fault);
  }

  /** The category's pool, for a page that shows one. Never rejects. */
  async loadCategories(): Promise<void> {
    if (this.held !== null && this.updater !== null) await this.categories.load(this.held, this.updater.files);
  }

  /** What a page offers that names no candidates. */
  candidates(category?: number | string): readonly number[] {
    const { held } = this;
    if (held === null) return [];
    return category === undefined ? held.candidates : this.categories.of(held, category);
  }

  dispose(): void {
    this.disposed = true;
    this.polling?.stop();
    this.loader?.dispose();
  }

  private get personal(): boolean {
    return this.parts.keeper.consent.personalize;
  }

  private get savesData(): boolean {
    const { options, keeper } = this.parts;
    return keeper.platform.saveData() && !options.eager;
  }

  private whyNoModel(release: Release): string {
    return whyNoModel(release, this.savesData, this.parts.options.modelMostBytes);
  }

  private makeUpdater(database: ReturnType<typeof openFiles>): Updater {
    const { pinned, base, options, keeper, board, onHeld } = this.parts;
    return new Updater({
      platform: keeper.platform,
      pinned,
      base,
      database,
      market: options.market ?? '',
      onVerified: (release) => {
        if (!this.disposed && this.personal && this.whyNoModel(release) === '') this.loader?.prepare(release);
      },
      onHeld: (held) => {
        if (this.disposed) return;
        this.wantModel();
        onHeld(held);
      },
      onState: (updates, note) => {
        board.set({ updates }, note);
        if (updates === 'refused') this.loader?.abandon();
      },
    });
  }

  private makeLoader({ files }: Updater): ModelLoader {
    const { options, keeper, calm } = this.parts;
    const onState = (model: ModelState, note: string): void => this.modelTurned(model, note);
    return new ModelLoader({ platform: keeper.platform, files, calm: options.eager ? null : calm, onState });
  }

  private modelTurned(model: ModelState, note: string): void {
    this.parts.board.set({ model, tier: this.loader?.scorer?.tier ?? 'pool' }, note);
    if (model === 'ready') this.parts.onModel();
  }

  private makePolling(updater: Updater, shared: Promise<boolean>): Polling {
    const { pinned, keeper, board, options } = this.parts;
    return new Polling({
      platform: keeper.platform,
      name: `intently-${pinned.shop}-${pinned.releaseKey.slice(0, 16)}`,
      shared,
      poll: () => updater.poll(),
      reread: () => updater.restore(true),
      state: () => board.status.updates,
      signedMs: () => (this.held === null ? null : this.held.configuration.poll_s * 1000),
      fixedMs: options.pollMs,
    });
  }
}
