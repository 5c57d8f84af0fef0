/** The shopper's own choice, kept over page loads and followed by the other tabs. */

import type { Consent, Platform } from '../api';

export class Choice {
  private readonly key: string;

  /** `storage` gives null while nothing may be read or written. */
  constructor(
    private readonly storage: () => Platform['localStorage'],
    shop: string,
  ) {
    this.key = `intently-choice-${shop}`;
  }

  /** Nothing is kept where storage is refused. */
  keep({ personalize, reports }: Consent): void {
    try {
      this.storage()?.setItem(this.key, JSON.stringify({ personalize, reports }));
    } catch {
      // Refused: the choice holds for this page.
    }
  }

  remove(): void {
    try {
      this.storage()?.removeItem?.(this.key);
    } catch {
      // Refused: then it was not kept either.
    }
  }

  /** Call `changed` when another tab chose, or this page comes back from the history; returns a function that stops. */
  follow(changed: () => void): () => void {
    const heard = (event: Event): void => {
      if (
        event.type === 'pageshow'
          ? (event as PageTransitionEvent).persisted !== false
          : (event as StorageEvent).key === this.key
      )
        changed();
    };
    globalThis.addEventListener?.('storage', heard);
    globalThis.addEventListener?.('pageshow', heard);
    return () => {
      globalThis.removeEventListener?.('storage', heard);
      globalThis.removeEventListener?.('pageshow', heard);
    };
  }

  /** Storage can be edited by anything on the page: what is no choice is none. */
  stored(): Consent | null {
    try {
      const stored = JSON.parse(this.storage()?.getItem(this.key) ?? 'null') as Partial<Consent> | null;
      return stored === null ? null : { personalize: stored.personalize !== false, reports: stored.reports !== false };
    } catch {
      return null;
    }
  }
}
