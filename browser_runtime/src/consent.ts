/**
 * What is allowed on this page, put together from the shop's option, the shopper's choice, Global Privacy Control and Google Consent
 * Mode; and the browser's storages, which are not there while they are not allowed. The machine itself is `tracker/src/consent.ts`.
 */

import {
  decided,
  FULL,
  LOCAL,
  MODES,
  type Mode,
  type ModeName,
  modeOf,
  type Says,
  STRICT,
} from '../../tracker/src/consent';
import { consentMode } from '../../tracker/src/consent_mode';
import type { Consent, IntentlyOptions, Platform } from './api';
import { Choice } from './lib/choice';

export function modeFrom(consent: Consent | ModeName): Mode {
  if (typeof consent === 'string') return Math.max(0, MODES.indexOf(consent)) as Mode;
  return consent.personalize ? (consent.reports ? FULL : LOCAL) : STRICT;
}

export function consentFrom(mode: Mode): Consent {
  return { personalize: mode > STRICT, reports: mode === FULL };
}

export class ConsentKeeper {
  /** The browser as far as it may be used now. */
  readonly platform: Platform;
  mode: Mode = STRICT;
  private says: Says;
  private readonly choice: Choice;
  private readonly stops: (() => void)[] = [];
  private started = false;

  /** `changed` is called with each new mode; `told`: somebody said so, so that what is no longer allowed is wiped. */
  constructor(
    /** The browser as it is: for removing what is no longer allowed. */
    readonly browser: Platform,
    shop: string,
    { consent = 'full', honourGpc = true, consentMode: layer = 'dataLayer' }: IntentlyOptions,
    private readonly changed: (told: boolean) => void,
  ) {
    const ask = consent === 'strict';
    this.says = {
      shop: ask ? FULL : modeFrom(consent),
      ask,
      choice: null,
      gpc: honourGpc && browser.globalPrivacyControl(),
      personalization_storage: null,
      analytics_storage: null,
    };
    this.choice = new Choice(() => (this.mayKeepChoice ? browser.localStorage : null), shop);
    this.platform = gated(browser, () => this.mode >= LOCAL);
    this.refresh(null);
    this.stops.push(this.choice.follow(() => this.turn({ choice: this.stored() ?? this.says.choice })));
    if (layer !== null && typeof document !== 'undefined')
      this.stops.push(consentMode((signals) => this.turn({ ...signals, ask: ask || signals.ask }), layer));
    this.refresh(this.stored()); // after the consent manager was heard: it may still be asking
    this.started = true;
  }

  /** Whether strictness is somebody's word, and not a question that is still open. */
  get told(): boolean {
    return decided(this.says);
  }

  /** What the switches show: all but Global Privacy Control, which is said apart. */
  get consent(): Consent {
    return consentFrom(modeOf({ ...this.says, gpc: false }));
  }

  /** The shopper's word, by whatever switch; kept where that is allowed. */
  choose(consent: Consent | ModeName): void {
    const choice = modeFrom(consent);
    this.turn({ choice });
    this.choice.keep(consentFrom(choice));
  }

  /** Forget the choice too; from here on this page is as strict as if it had been refused. */
  forget(): void {
    this.turn({ choice: STRICT });
    this.choice.remove();
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  /** A shop that asks, or that keeps nothing, reads and writes no choice before it may. */
  private get mayKeepChoice(): boolean {
    return this.says.shop >= LOCAL ? !this.says.ask || this.mode >= LOCAL : this.says.shop === STRICT;
  }

  private stored(): Mode | null {
    const stored = this.choice.stored();
    return stored === null ? null : modeFrom(stored);
  }

  private refresh(choice: Mode | null): void {
    this.says = { ...this.says, choice };
    this.mode = modeOf(this.says);
  }

  private turn(parts: Partial<Says>): void {
    const before = `${this.mode} ${this.told}`;
    this.says = { ...this.says, ...parts };
    this.refresh(this.says.choice);
    // A consent manager has granted: now an earlier choice may be read, and can only take away.
    if (this.says.ask && this.says.choice === null && this.mode >= LOCAL) this.refresh(this.stored());
    if (this.started && `${this.mode} ${this.told}` !== before) this.changed(this.told);
  }
}

/** The same browser, without any storage while `allowed` says no. */
function gated(browser: Platform, allowed: () => boolean): Platform {
  const when = <T>(storage: T): T | null => (allowed() ? storage : null);
  return {
    ...browser,
    get localStorage() {
      return when(browser.localStorage);
    },
    get indexedDB() {
      return when(browser.indexedDB);
    },
    get caches() {
      return when(browser.caches);
    },
    get sessionStorage() {
      const storage = browser.sessionStorage;
      if (storage === null) return null;
      return {
        getItem: (key: string) => when(storage)?.getItem(key) ?? null,
        setItem: (key: string, text: string) => when(storage)?.setItem(key, text),
        removeItem: (key: string) => storage.removeItem(key), // always allowed
      };
    },
  };
}
