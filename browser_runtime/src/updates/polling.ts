/** When the manifest is asked for: at a page's start and every `poll_s` after it, by one tab for all; sooner after a failure. */

import type { Platform, UpdateState } from '../api';
import { type TabMessage, Tabs } from '../lib/tabs';

/** First wait after a poll that did not get through, ms; doubled each time, up to the signed wait or `RETRY_MOST_MS`. */
const RETRY_MS = 5_000;
const RETRY_MOST_MS = 300_000;
/** Timers beyond 2^31 ms fire at once. */
const TIMER_MOST_MS = 2 ** 30;
/** A leading tab that was asked polls only if its last poll is older, ms. */
const FRESH_MS = 60_000;
/** A leading tab that does not answer (frozen, killed) is not waited for longer, ms. */
const ANSWER_LIMIT_MS = 3_000;

export interface PollingOptions {
  readonly platform: Pick<Platform, 'monotonic' | 'locks' | 'openChannel'>;
  /** Of the shop and its key: tabs of the same name share what one of them polled. */
  readonly name: string;
  /** Whether a database could be opened, so that other tabs can read what one polled. Never rejects. */
  readonly shared: Promise<boolean>;
  /** Ask the network. Never rejects. */
  readonly poll: () => Promise<void>;
  /** Read what another tab has stored. Never rejects. */
  readonly reread: () => Promise<void>;
  readonly state: () => UpdateState;
  /** Signed wait, ms; null: nothing is held yet. */
  readonly signedMs: () => number | null;
  /** Instead of the signed wait; 0: only at the start. */
  readonly fixedMs: number | undefined;
}

export class Polling {
  private readonly tabs: Tabs;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private polledAt = Number.NEGATIVE_INFINITY;
  private failures = 0;
  private answered: () => void = () => {};
  private stopped = false;

  constructor(private readonly options: PollingOptions) {
    this.tabs = new Tabs(options.platform, options.name, (message) => this.heard(message));
  }

  /** Resolves when the first poll is done, or a leading tab has answered for us. */
  async start(): Promise<void> {
    globalThis.addEventListener?.('pagehide', this.hidden);
    globalThis.addEventListener?.('pageshow', this.shown);
    globalThis.addEventListener?.('online', this.online);
    await this.join();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    globalThis.removeEventListener?.('pagehide', this.hidden);
    globalThis.removeEventListener?.('pageshow', this.shown);
    globalThis.removeEventListener?.('online', this.online);
    this.tabs.leave();
    this.answered();
  }

  /** Ask the network now, whoever leads. */
  async now(): Promise<void> {
    await this.options.poll();
    this.failures = this.options.state() === 'offline' ? this.failures + 1 : 0;
    this.polledAt = this.options.platform.monotonic();
    this.tabs.say('polled');
  }

  private async join(): Promise<void> {
    await this.tabs.join();
    const known = this.options.shared.then((shared) => {
      if (!shared) this.alone();
    });
    if (!this.tabs.leads) await known; // who leads asks at once
    await this.turn();
  }

  /** What this tab polls no other can read. */
  private alone(): void {
    this.tabs.leave();
    this.tabs.leads = true;
  }

  /** One turn of the clock. */
  private async turn(): Promise<void> {
    if (this.stopped) return;
    const told = !this.tabs.leads && (await this.byLeader());
    if (!told || this.options.signedMs() === null) await this.now();
    if (this.stopped || this.options.fixedMs === 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.turn(), this.wait());
  }

  private wait(): number {
    const signed = this.options.fixedMs ?? this.options.signedMs();
    if (signed !== null && this.failures === 0) return Math.min(signed, TIMER_MOST_MS);
    const backoff = Math.min(RETRY_MS * 2 ** Math.max(0, this.failures - 1), RETRY_MOST_MS);
    return Math.min(backoff, signed ?? RETRY_MOST_MS);
  }

  /** Whether the leading tab answered; what it stored is then read. */
  private async byLeader(): Promise<boolean> {
    let came = false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_LIMIT_MS);
      this.answered = () => {
        came = true;
        clearTimeout(timer);
        resolve();
      };
      this.tabs.say('asked');
    });
    if (came) await this.options.reread();
    return came;
  }

  private heard(message: TabMessage): void {
    if (message === 'asked' && this.tabs.leads) void this.answer();
    if (message !== 'polled') return;
    this.answered();
    if (!this.tabs.leads) void this.options.reread();
  }

  private async answer(): Promise<void> {
    if (this.options.platform.monotonic() - this.polledAt < FRESH_MS) this.tabs.say('polled');
    else await this.now();
  }

  /** A page in the history holds no lock, hears nothing and asks nothing. */
  private readonly hidden = (): void => {
    clearTimeout(this.timer);
    this.tabs.leave();
  };

  private readonly shown = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted && !this.stopped) void this.join();
  };

  private readonly online = (): void => {
    if (this.failures > 0) void this.turn();
  };
}
