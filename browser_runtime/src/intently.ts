/**
 * The page's first moments in a few hundred bytes: what the shop calls is queued here, and the runtime, a lazy chunk, takes over
 * when the page is idle and visible, or at once where something waits for its lists.
 */

import type { ModeName } from '../../tracker/src/consent';
import type { EventInput } from '../../tracker/src/event';
import type { SessionState } from '../../tracker/src/state';
import type {
  CardFacts, Consent, Held, Intently, IntentlyEvents, IntentlyOptions, Ranked, RankOptions, Snapshot,
} from './api'; // biome-ignore format: one line reads better
import { CORE_CHUNK, PINNED, type Pinned } from './constants';
import { setCurrent } from './current';
import { bundleUrl } from './lib/bundle_url';
import { Emitter } from './lib/emitter';
import { FirstCalm, whenVisited } from './lib/idle';
import { asGiven, emptySnapshot, NO_SESSION } from './lib/nothing';
import type { startRuntime } from './runtime';

type Core = { readonly startRuntime: typeof startRuntime };

/** Calls kept until the runtime is there; a page that says more in its first second than this loses the oldest. */
const QUEUE_MOST = 256;

/** Start Intently on this page. Returns at once; never throws into the page. */
export function createIntently(options: IntentlyOptions = {}, pinned: Pinned = PINNED): Intently {
  const front = new Front(options, pinned);
  setCurrent(front);
  return front;
}

class Front implements Intently {
  readonly ready: Promise<boolean>;
  private readonly emitter = new Emitter<IntentlyEvents>();
  private core: Intently | null = null;
  private note = '';
  private gone = false;
  private readonly calm = new FirstCalm();
  private queue: ((core: Intently) => void)[] = [];
  private known: { viewing: number | null; cart: readonly number[] } = { viewing: null, cart: [] };
  /** The runtime; null: it could not be loaded, or this was disposed of first. */
  private readonly arrived: Promise<Intently | null>;
  private hurry: () => void = () => {};
  private giveUp: () => void = () => {};

  constructor(
    private readonly options: IntentlyOptions,
    private readonly pinned: Pinned,
  ) {
    this.arrived = new Promise<void>((resolve) => {
      this.hurry = resolve;
    }).then(() => this.load());
    this.ready = this.arrived.then((core) => core?.ready ?? false);
    if (options.eager || typeof document === 'undefined') this.hurry();
    else {
      this.calm.wait(this.hurry);
      this.giveUp = this.calm.start();
    }
  }

  get held(): Held | null {
    return this.core?.held ?? null;
  }

  record(event: EventInput): void {
    if (event?.type === 'view_item') this.known.viewing = event.item ?? null;
    this.later((core) => core.record(event));
  }

  setViewing(item: number | null): void {
    this.known.viewing = item;
    this.later((core) => core.setViewing(item));
  }

  setCart(items: readonly number[]): void {
    this.known.cart = items;
    this.later((core) => core.setCart(items));
  }

  notInterested(item: number): void {
    this.later((core) => core.notInterested(item));
  }

  setConsent(consent: Consent | ModeName): void {
    this.later((core) => core.setConsent(consent));
  }

  forget(): void {
    this.later((core) => core.forget());
  }

  async forgetMe(): Promise<void> {
    this.hurry();
    await (await this.arrived)?.forgetMe();
  }

  sessionState(): SessionState {
    return this.core?.sessionState() ?? NO_SESSION;
  }

  async rank(candidates?: readonly number[] | null, options: RankOptions = {}): Promise<Ranked> {
    this.hurry();
    const core = await this.arrived;
    return core?.rank(candidates, options) ?? this.rankNow(candidates, options);
  }

  rankNow(candidates?: readonly number[] | null, options: RankOptions = {}): Ranked {
    return this.core?.rankNow(candidates, options) ?? asGiven(candidates ?? [], options, this.known);
  }

  describe(item: number, language?: string): CardFacts | null {
    return this.core?.describe(item, language) ?? null;
  }

  snapshot(): Snapshot {
    return this.core?.snapshot() ?? emptySnapshot(this.pinned, this.note === '' ? [] : [this.note]);
  }

  on<K extends keyof IntentlyEvents>(name: K, listener: (value: IntentlyEvents[K]) => void): () => void {
    return this.emitter.on(name, listener);
  }

  observe(root: ParentNode & Node): () => void {
    let stop: (() => void) | null = null;
    let stopped = false;
    this.later((core) => {
      if (!stopped) stop = core.observe(root);
    });
    return () => {
      stopped = true;
      stop?.();
    };
  }

  async importChunk(name: string): Promise<unknown> {
    this.hurry();
    await this.arrived;
    return this.chunk(name);
  }

  async poll(): Promise<void> {
    this.hurry();
    await (await this.arrived)?.poll();
  }

  dispose(): void {
    this.gone = true;
    this.giveUp();
    this.core?.dispose();
    this.hurry();
  }

  /** Now, or when the runtime is there. */
  private later(act: (core: Intently) => void): void {
    if (this.core !== null) act(this.core);
    else if (this.queue.push(act) > QUEUE_MOST) this.queue.shift();
  }

  private async load(): Promise<Intently | null> {
    try {
      await whenVisited();
      if (this.gone) return null;
      const { startRuntime } = (await this.chunk(CORE_CHUNK)) as Core;
      if (this.gone) return null;
      this.core = startRuntime(this.options, this.pinned, this.emitter, this.calm);
      for (const act of this.queue) act(this.core);
    } catch (fault) {
      this.note = `the runtime could not be loaded (${String(fault)}); lists stand in the order given`;
    }
    this.queue = [];
    return this.core;
  }

  private chunk(name: string): Promise<unknown> {
    return this.options.platform?.importChunk?.(name) ?? import(/* @vite-ignore */ bundleUrl(name));
  }
}
