/** Public types of Intently: what a shop's page calls, and what the lens shows. */

import type { Catalogue, Configuration, Event, Manifest, Market, Pin, Pool, Release } from '../../contracts/types';
import type { ModeName } from '../../tracker/src/consent';
import type { EventInput, Signal } from '../../tracker/src/event';
import type { SessionState } from '../../tracker/src/state';
import type { ChannelLike } from '../../tracker/src/tabs';
import type { Remembered } from './ranking/feedback';
import type { Why } from './ranking/why';
import type { WorkerLike } from './scoring/messages';
import type { Listed } from './updates/listed';

/** What the shopper allows. `reports: false` or Global Privacy Control: nothing is drawn or sent; ranking still adapts. */
export interface Consent {
  readonly personalize: boolean;
  readonly reports: boolean;
}

export interface IntentlyOptions {
  /** Where the signed files are served, ending in a slash. Default `/intently/`. */
  readonly baseUrl?: string;
  /**
   * The most that the shop allows; default `full`. A choice of the shopper's can only take away from it. `strict` asks first:
   * nothing is kept, read or written until `setConsent` or Google Consent Mode grants; `memory` keeps nothing beyond the page.
   */
  readonly consent?: Consent | ModeName;
  /** Whether Global Privacy Control stops reports. Default true. */
  readonly honourGpc?: boolean;
  /** Name of the data layer whose Google Consent Mode signals are heeded; null: none. Default `dataLayer`. */
  readonly consentMode?: string | null;
  /** Name of the market whose prices, names and assortment hold; default: the catalogue's own. */
  readonly market?: string;
  /** What the shop knows of the shopper where law asks for it; unknown: what law restricts is not shown. */
  readonly shopper?: { readonly region?: string; readonly age?: number };
  /** Milliseconds between polls instead of the signed `poll_s`; 0 polls only at the start. */
  readonly pollMs?: number;
  /** Element below which sensors look for `data-intently-item`. Default `document`; null: no sensors, `record` alone. */
  readonly root?: (ParentNode & Node) | null;
  /** Largest model that this page loads, bytes; default 24 MiB. Beyond it lists stand in the order of the pool. */
  readonly modelMostBytes?: number;
  /** Load the model at once instead of when the page is visible, and idle or loaded. */
  readonly eager?: boolean;
  /** Clock, randomness, network and storage; each default is the browser's own. */
  readonly platform?: Partial<Platform>;
}

/** What Intently asks of the browser. */
export interface Platform {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Monotonic milliseconds, for durations. */
  readonly monotonic: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Survives a navigation, not the tab; null: memory. */
  readonly sessionStorage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;
  /** Holds the shopper's choice, and nothing else; null: refused, so a choice ends with the page. */
  readonly localStorage: (Pick<Storage, 'getItem' | 'setItem'> & Partial<Pick<Storage, 'removeItem'>>) | null;
  /** null: refused, so nothing survives the page and no report can be sent. */
  readonly indexedDB: IDBFactory | null;
  /** null: refused, so files are fetched anew on each page. */
  readonly caches: CacheStorage | null;
  /** One tab polls for all; null: each does. */
  readonly locks: LockManager | null;
  readonly globalPrivacyControl: () => boolean;
  /** Joins the shop's tabs; null: each is for itself. */
  readonly openChannel: (name: string) => ChannelLike | null;
  /** Whether the shopper asked for little data (Save-Data). */
  readonly saveData: () => boolean;
  /** URL of another file of the bundle. */
  readonly bundleUrl: (name: string) => string;
  /** A lazy part of the bundle. */
  readonly importChunk: (name: string) => Promise<unknown>;
  /** A dedicated worker of our own origin that runs the model in this tier; throws where refused. */
  readonly startWorker: (tier: Exclude<Tier, 'pool'>) => WorkerLike;
}

/** `pool`: the order given, no model. `kernel`: the session model in our WebAssembly kernel. `onnx`: in onnxruntime-web. */
export type Tier = 'pool' | 'kernel' | 'onnx';

export interface RankOptions {
  /** Name of the place, repeated in the result. */
  readonly placement?: string;
  /** A page of one category, by index or by the catalogue's name: where no candidates are given, those of the category's own pool. */
  readonly category?: number | string;
  /** Most items returned. Default: all. */
  readonly count?: number;
  /** Catalogue indices that must not be shown here, besides the hard filters. */
  readonly exclude?: readonly number[];
  /** Items that keep a place of this list, such as sponsored ones: before the signed pins of the placement. */
  readonly pins?: readonly Pin[];
  /** The shop's own search or category list: what is in view, in the cart or dismissed stays; law and stock still hide. */
  readonly reorder?: boolean;
  /** `pool`: never ask the model for this list. */
  readonly tier?: Tier;
}

/** Milliseconds, each part of one scoring. */
export interface ScoringMs {
  /** Events to model inputs. */
  readonly features: number;
  /** There and back to the worker, the model's run included. */
  readonly worker: number;
  /** The model's run alone, by the worker's clock. */
  readonly model: number;
  /** Sorting and hard filters. */
  readonly rank: number;
  readonly total: number;
}

export interface Ranked {
  readonly placement: string;
  readonly tier: Tier;
  /** Catalogue indices, best first, after the hard filters. */
  readonly items: readonly number[];
  /** The model's score of each of `items`; empty in tier `pool`. */
  readonly scores: readonly number[];
  /** Why each of `items` stands there, in plain words. */
  readonly why: readonly Why[];
  readonly ms: ScoringMs;
}

/** The last scoring by the model, whole: what a check against another runtime needs. */
export interface Scoring {
  /** Model inputs by name, each of length T. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly candidates: readonly number[];
  /** Score of each of `candidates`, in their order. */
  readonly scores: readonly number[];
  readonly embedding: readonly number[];
  /** Categories of the best candidates with their share among the first 20: the intent in plain words. */
  readonly intent: readonly { readonly category: number; readonly name: string; readonly share: number }[];
  readonly ms: ScoringMs;
}

export type ReportState = 'waiting' | 'sealed' | 'sent' | 'refused' | 'failed' | 'dropped' | 'capped';

/** One epoch's report, in full. Nothing else of the session leaves the browser. */
export interface ReportView {
  readonly epoch: number;
  readonly collection: number;
  readonly collectionName: string;
  readonly state: ReportState;
  /** Wall clock at which the report is (or was) sealed, ms since 1970. */
  readonly at_ms: number;
  readonly url: string;
  /** The exact bytes that left, hexadecimal; '' before sealing. */
  readonly bodyHex: string;
  /** What was sealed inside: the randomized message, never the value. -1 before sealing. */
  readonly message: number;
  /** How many values of the domain (NONE included) this very message is the likelier answer for. 0 before sealing, or for a domain too large to count. */
  readonly supporters: number;
  readonly epsilon: number;
  /** What the message says, in plain words. */
  readonly words: string;
  /** What the relay answered; 0 for no answer yet. */
  readonly httpStatus: number;
  /** Whether the bytes were handed to the network; only `sent` is confirmed. */
  readonly handedOver: boolean;
}

export interface Budget {
  readonly spent_epsilon: number;
  readonly left_epsilon: number;
  readonly cap_epsilon: number;
  readonly cap_days: number;
}

export type ModelState = 'none' | 'waiting' | 'loading' | 'ready' | 'failed';
export type UpdateState = 'none' | 'current' | 'cached' | 'offline' | 'refused' | 'expired';
export type ReportsState = 'off' | 'waiting' | 'on' | 'refused' | 'unavailable';

export interface Status {
  readonly tier: Tier;
  readonly model: ModelState;
  readonly updates: UpdateState;
  readonly reports: ReportsState;
  /** Why something is not at its best: one sentence each, newest last, at most 20. */
  readonly notes: readonly string[];
}

/** Where the held set of signed files stands. */
export interface Versions {
  readonly release: number;
  readonly manifest: number;
  readonly manifest_sha256: string;
  readonly configuration_sha256: string;
  readonly model_sha256: string;
  readonly model_bytes: number;
  readonly pool_sha256: string;
  readonly pool_epoch: number;
  readonly pool_reports: number;
  readonly bundle: string;
}

/** Everything that Intently holds in this tab. */
export interface Snapshot {
  readonly events: readonly Event[];
  /** Events pushed out of the bounded buffer. */
  readonly dropped: number;
  readonly viewing: number | null;
  readonly cart: readonly number[];
  readonly scroll_depth: number;
  /** Visible time on the item being viewed, so far. */
  readonly dwell_ms: number;
  readonly impressions: number;
  readonly skips: number;
  /** Skips by item, "not interested", what was bought. */
  readonly feedback: Remembered;
  readonly scoring: Scoring | null;
  readonly lastRanked: Ranked | null;
  readonly status: Status;
  readonly versions: Versions | null;
  readonly budget: Budget | null;
  readonly reports: readonly ReportView[];
  readonly consent: Consent;
  readonly globalPrivacyControl: boolean;
  readonly shop: string;
  readonly demo: boolean;
  /** Mode of cards that the signed configuration allows; null before it is held. `shop`: the image host learns the list. */
  readonly cards: 'page' | 'local' | 'shop' | null;
}

/** The signed files in force. */
export interface Held {
  readonly manifest: Manifest;
  readonly manifest_sha256: string;
  readonly release: Release;
  readonly configuration: Configuration;
  /** Made when first asked for, one object for each item; `listed` costs nothing. */
  readonly catalogue: Catalogue;
  /** The catalogue, asked by index. */
  readonly listed: Listed;
  readonly pool: Pool;
  /** The page's market; null: the catalogue's own prices. */
  readonly market: Market | null;
}

/** Draws the contents of a card in place of picture, name and price. */
export type RenderCard = (facts: CardFacts, why: Why) => Node;

/** Texts of a list in the page's language; `{name}` and `{category}` are filled in. */
export interface RecsWords {
  readonly label: string;
  readonly dismiss: string;
  readonly removed: string;
  readonly why: Partial<Record<Why['code'], string>>;
}

export type { Listed, Pin, Why };

/** What a card shows. */
export interface CardFacts {
  readonly item: number;
  readonly sku: string;
  readonly name: string;
  /** Written for the page's language and market. */
  readonly price: string;
  readonly category: string;
  /** A `data:` URI, '' for none. */
  readonly thumbnail: string;
}

export interface IntentlyEvents {
  /** A list was ranked, by `rank` or after an event (placement `session`). */
  ranked: Ranked;
  /** Another set of signed files is in force. */
  update: Held;
  /** A report changed its state. */
  report: ReportView;
  status: Status;
  /** An event was recorded, or the cart, the item in view or the consent changed. Running dwell and scroll are not told. */
  session: Snapshot;
  /** What a sensor noticed: for an engineer's overlay. */
  signal: Signal;
}

export interface Intently {
  /** The signed files in force; null until the first are verified. */
  readonly held: Held | null;
  /** Resolves when files are in force or it is known that none can be had: true or false. Never rejects. */
  readonly ready: Promise<boolean>;
  /** Tell what happened. Never throws. A `view_item` also becomes the item in view, a cart event changes the cart. */
  record(event: EventInput): void;
  /** Rank `candidates` for this session; default: the pool, then the rest of the catalogue. Waits until
   * signed files are in force or it is known that none can be had (then the list is empty). Never rejects; without a model that
   * order stands. */
  rank(candidates?: readonly number[] | null, options?: RankOptions): Promise<Ranked>;
  /** As `rank`, at once, in the order given or of the pool: what to show first. */
  rankNow(candidates?: readonly number[] | null, options?: RankOptions): Ranked;
  /** "Not interested": the item goes for this visit, and so does its category for at least the next three lists. */
  notInterested(item: number): void;
  /** What a card of this item shows, for shops that draw themselves; null: not in the catalogue. `language`: BCP 47. */
  describe(item: number, language?: string): CardFacts | null;
  /** The item that the page shows, null for none: it is never recommended. */
  setViewing(item: number | null): void;
  /** What is in the cart: it is never recommended. */
  setCart(items: readonly number[]): void;
  /** The shopper's choice: kept over page loads, and followed by other open tabs. */
  setConsent(consent: Consent | ModeName): void;
  /** Watch `data-intently-item` below another root, such as an open shadow root; returns a function that stops. */
  observe(root: ParentNode & Node): () => void;
  snapshot(): Snapshot;
  /** What this tab remembers, as it is stored and moved: for the chunk that gives it to another device. */
  sessionState(): SessionState;
  /** Listen; returns a function that stops. */
  on<K extends keyof IntentlyEvents>(name: K, listener: (value: IntentlyEvents[K]) => void): () => void;
  /** A lazy part of the bundle, for its own elements. */
  importChunk(name: string): Promise<unknown>;
  /** Ask for a newer manifest now; resolves when that is done. Never rejects. */
  poll(): Promise<void>;
  /** Empty the session, in all open tabs of the shop. */
  forget(): void;
  /**
   * Empty every store: session, choice, signed files and the record of what was sent; then nothing more is kept on this page. With
   * the record goes the budget: this browser counts as a new one. Resolves when all is gone; never rejects.
   */
  forgetMe(): Promise<void>;
  /** Stop all timers, observers and the worker. */
  dispose(): void;
}
