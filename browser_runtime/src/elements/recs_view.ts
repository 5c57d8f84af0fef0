/**
 * Fills one `<intently-recs>` and keeps it current: the order given, then the model's, drawn only if none newer was asked. While a model
 * is being loaded the first list waits for it a moment: one that the browser holds itself comes sooner, and nothing is drawn twice.
 */

import type { Intently, Pin, Ranked, RankOptions } from '../api';
import { DrawnCards } from './drawn_cards';
import type { Painter } from './painter';
import type { IntentlyRecs } from './recs';
import { RenderedChildren } from './rendered_children';
import { named, wordsOf } from './words';

/** Longer than a model takes that the browser holds, shorter than a wait that is noticed, ms. */
const MODEL_GRACE_MS = 60;

export interface RecsView {
  readonly items: readonly number[];
  refresh(): void;
  /** An attribute changed: cards may look different. */
  rebuild(): void;
  stop(): void;
}

export function mountRecs(host: IntentlyRecs, intently: Intently): RecsView {
  return new View(host, intently);
}

class View implements RecsView {
  items: readonly number[] = [];
  private painter: Painter;
  private asked = 0;
  /** Ends the first list's wait for a model. */
  private grace: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private dismissed = 0;
  private readonly stops: readonly (() => void)[];

  constructor(
    private readonly host: IntentlyRecs,
    private readonly intently: Intently,
  ) {
    this.painter = this.makePainter();
    const again = (): void => this.refresh();
    const modelTurned = (): void => {
      if (this.asked > 0) this.refresh();
    };
    this.stops = [intently.on('update', again), intently.on('session', again), intently.on('status', modelTurned)];
    this.refresh();
  }

  refresh(): void {
    const { intently, painter } = this;
    if (intently.held === null && painter.candidates === null) return;
    if (this.items.length === 0 && !this.modelComes) this.paintGiven();
    else if (this.items.length === 0) this.grace ??= setTimeout(() => this.paintGiven(), MODEL_GRACE_MS);
    const asked = ++this.asked;
    const rank = (): Promise<Ranked> => intently.rank(painter.candidates, this.options(painter.focused()));
    void painter
      .ready()
      .then(() => (asked === this.asked ? rank() : null))
      .then((ranked) => {
        if (ranked === null || asked !== this.asked || this.stopped) return;
        if (this.items.length > 0 || ranked.tier !== 'pool' || !this.modelComes) this.paint(ranked);
      });
  }

  rebuild(): void {
    this.painter.stop();
    this.painter = this.makePainter();
    this.items = [];
    this.refresh();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.grace);
    this.painter.stop();
    for (const stop of this.stops) stop();
  }

  private makePainter(): Painter {
    const { host, intently } = this;
    const chosen = {
      select: (item: number, event: Event) => this.select(item, event),
      dismiss: (item: number) => this.dismiss(item),
    };
    return host.rendered
      ? new RenderedChildren(host, chosen, () => this.refresh())
      : new DrawnCards(host, intently, chosen);
  }

  private options(focused: Pin | null): RankOptions {
    const { host } = this;
    const category = host.getAttribute('category');
    const kept = focused === null || focused.item === this.dismissed ? [] : [focused];
    return {
      placement: host.placement,
      count: host.count,
      exclude: host.exclude,
      ...(category === null ? {} : { category }),
      pins: [...kept, ...host.pins],
      ...(host.getAttribute('tier') === 'pool' ? { tier: 'pool' as const } : {}),
    };
  }

  private get modelComes(): boolean {
    const { model } = this.intently.snapshot().status;
    return (model === 'waiting' || model === 'loading') && this.host.getAttribute('tier') !== 'pool';
  }

  /** In the order given, for want of a better. */
  private paintGiven(): void {
    this.grace = undefined;
    if (this.items.length === 0) this.paint(this.intently.rankNow(this.painter.candidates, this.options(null)));
  }

  private paint(ranked: Ranked): void {
    const items = this.painter.paint(ranked);
    const changed = items.join() !== this.items.join();
    this.items = items;
    if (changed) this.tell('intently-ranked', { items, tier: ranked.tier, why: ranked.why.slice(0, items.length) });
  }

  private select(item: number, event: Event): void {
    const detail = { item, sku: this.skuOf(item), position: this.items.indexOf(item) };
    if (!this.tell('intently-select', detail)) event.preventDefault();
  }

  private dismiss(item: number): void {
    const name = this.painter.nameOf(item);
    this.dismissed = item;
    this.tell('intently-dismiss', { item, sku: this.skuOf(item) });
    this.intently.notInterested(item);
    this.painter.say(named(wordsOf(this.host.words).removed, name));
  }

  private skuOf(item: number): string {
    return this.intently.held?.listed.item(item)?.sku ?? '';
  }

  private tell(name: string, detail: unknown): boolean {
    return this.host.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
  }
}
