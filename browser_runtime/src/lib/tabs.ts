/** Tabs of one shop in one browser: one leads, by a Web Lock; they hear each other on a BroadcastChannel. Neither carries what a shopper does. */

import type { ChannelLike } from '../../../tracker/src/tabs';
import type { Platform } from '../api';

/** `asked`: a tab wants what is newest; `polled`: the leading tab has it in storage now. */
export type TabMessage = 'asked' | 'polled';

export class Tabs {
  leads = false;
  private channel: ChannelLike | null = null;
  private letGo: () => void = () => {};
  private leaving = new AbortController();

  constructor(
    private readonly platform: Pick<Platform, 'locks' | 'openChannel'>,
    private readonly name: string,
    private readonly heard: (message: TabMessage) => void,
  ) {}

  /** Whether this tab leads now; if another does, it waits in line. Where browsers know no locks every tab leads. */
  async join(): Promise<boolean> {
    const { locks } = this.platform;
    this.channel = this.platform.openChannel(this.name);
    if (locks === null || this.channel === null) {
      this.leads = true;
      return true;
    }
    this.channel.onmessage = ({ data }) => {
      if (data === 'asked' || data === 'polled') this.heard(data);
    };
    this.leaving = new AbortController();
    await this.stand(locks, { ifAvailable: true });
    if (!this.leads) void this.stand(locks, { signal: this.leaving.signal });
    return this.leads;
  }

  say(message: TabMessage): void {
    try {
      this.channel?.postMessage(message);
    } catch {
      // Closed meanwhile: nobody listens.
    }
  }

  /** Another tab may lead; a page that goes to the history must hold no lock. */
  leave(): void {
    this.leads = false;
    this.leaving.abort();
    this.letGo();
    this.channel?.close();
    this.channel = null;
  }

  /** Resolves when it is known whether this tab leads. */
  private stand(locks: LockManager, options: LockOptions): Promise<void> {
    return new Promise((known) => {
      const lead = (lock: Lock | null): Promise<void> | undefined => {
        this.leads = lock !== null && this.channel !== null;
        known();
        return this.leads ? new Promise((resolve) => (this.letGo = resolve)) : undefined;
      };
      locks.request(this.name, options, lead).catch(() => {
        this.leads ||= !this.leaving.signal.aborted && options.ifAvailable === true; // refused outright: as without locks
        known();
      });
    });
  }
}
