/** The shopper's own choice, kept over page loads and followed by the other tabs; the stricter of it and the shop's option holds. */

import type { Consent, Platform } from '../api';

export class Choice {
  private readonly key: string;

  constructor(
    private readonly storage: Platform['localStorage'],
    shop: string,
    private readonly option: Consent,
  ) {
    this.key = `intently-choice-${shop}`;
  }

  /** What holds at a page's start, and after another tab has chosen. */
  get consent(): Consent {
    const stored = this.stored();
    return {
      personalize: this.option.personalize && stored?.personalize !== false,
      reports: this.option.reports && stored?.reports !== false,
    };
  }

  /** Nothing is kept where storage is refused. */
  keep({ personalize, reports }: Consent): void {
    try {
      this.storage?.setItem(this.key, JSON.stringify({ personalize, reports }));
    } catch {
      // Refused: the choice holds for this page.
    }
  }

  /** Call `changed` when another tab chose, or this page comes back from the history; returns a function that stops. */
  follow(changed: () => void): () => void {
    const heard = (event: Event): void => {
      if (event.type === 'pageshow' || (event as StorageEvent).key === this.key) changed();
    };
    globalThis.addEventListener?.('storage', heard);
    globalThis.addEventListener?.('pageshow', heard);
    return () => {
      globalThis.removeEventListener?.('storage', heard);
      globalThis.removeEventListener?.('pageshow', heard);
    };
  }

  /** Storage can be edited by anything on the page: what is no choice is none. */
  private stored(): Partial<Consent> | null {
    try {
      return JSON.parse(this.storage?.getItem(this.key) ?? 'null') as Partial<Consent> | null;
    } catch {
      return null;
    }
  }
}
