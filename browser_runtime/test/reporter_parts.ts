/** A browser for the tests of reports: one database, a clock that can be moved, a network that remembers or refuses. */

import 'fake-indexeddb/auto';
import type { Collection, Configuration, Manifest, Release } from '../../contracts/types';
import type { ReportView } from '../src/api';
import { type LedgerDatabase, openLedger } from '../src/lib/database';
import { NO_RULES } from '../src/ranking/rules';
import { Reporter, type Terms } from '../src/reports/reporter';
import * as tokens from '../src/tokens/entry';

export const PINNED = { releaseKey: '', shop: 'test', demo: true, version: '0', cards: 'page' as const };
const PUBLIC_KEY = '8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f';
export const COLLECTION: Collection = {
  id: 4, name: 'item_dwelled', kind: 'item_dwelled', domain_size: 20, epsilon: 3, epsilon_micro: 2_995_733,
  mechanism: { kind: 'k_ary', w: 20, v: 1 }, share: 1, dwell_ms: 100,
}; // biome-ignore format: one line reads better

export function termsOf(
  changes: Partial<Configuration> = {},
  release: Partial<Release> = {},
  manifest: Partial<Manifest> = {},
): Terms {
  const configuration: Configuration = {
    version: 1, shop: 'test', demo: true, epoch_s: 3600, draw_min_ms: 10, draw_max_ms: 30, minimum_batch: 1, cap_epsilon: 32,
    cap_days: 90, poll_s: 10, reports_url: 'https://relay.test', collections: [COLLECTION], ranking: NO_RULES, tokens: null, ...changes,
  }; // biome-ignore format: one line reads better
  const ref = { path: '', sha256: 'cd'.repeat(32), bytes: 0 };
  return {
    configuration,
    release: {
      type: 'release', version: 1, shop: 'test', demo: true, issued: 0, expires: 1e12, hpke_keys: [{ key_id: 2, public_key: PUBLIC_KEY, state: 'active' }],
      roles: { release: '', pool: '', ledger: '' }, configuration: ref, feature_spec: ref, model: ref, head: null, rest: null, catalogue: ref, columns: null, base_pool: ref, markets: [], ...release,
    },
    manifest: {
      type: 'manifest', version: 1, shop: 'test', demo: true, issued: 0, expires: 1e12, release: ref, pool: ref, category_pool: null,
      availability: { issued: 0, unavailable: [], banned: [] }, ledger_entries: 0, ledger_head: '', receipts: [], ...manifest,
    },
  }; // biome-ignore format: one line reads better
}

export interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

export class Profile {
  readonly sent: Sent[] = [];
  readonly states: string[] = [];
  readonly reports: ReportView[] = [];
  now = 7_200_000;
  allowed = true;
  onChance: () => void = () => {};
  /** Runs while a report is on its way. */
  onSend: () => Promise<void> | void = () => {};
  network: 'up' | 'down' | number = 'up';
  /** Answers requests for tokens. */
  issuer: (url: string, init: RequestInit) => Promise<Response> = async () => new Response(null, { status: 404 });
  private readonly began = performance.now();

  private constructor(readonly database: LedgerDatabase) {}

  static async fresh(): Promise<Profile> {
    return new Profile((await openLedger(indexedDB, `reporter-${Math.random()}`)) as LedgerDatabase);
  }

  page(pinned = PINNED): Reporter {
    return new Reporter({
      platform: {
        now: () => this.now + (performance.now() - this.began),
        randomBytes: (count) => {
          this.onChance();
          return crypto.getRandomValues(new Uint8Array(count));
        },
        fetch: async (url, init = {}) => {
          if (url.endsWith('/v1/tokens')) return this.issuer(url, init);
          this.sent.push({ url, init });
          await this.onSend();
          if (this.network === 'down') throw new TypeError('offline');
          return new Response(null, { status: this.network === 'up' ? 202 : this.network });
        },
        importChunk: async () => tokens,
      },
      pinned,
      database: this.database,
      origin: 'https://shop.test',
      allowed: () => this.allowed,
      onReport: (view) => this.reports.push(view),
      onState: (state) => this.states.push(state),
    });
  }
}

/** Generous: a loaded machine is slow, and a test that waits for a state loses nothing by it. */
const UNTIL_MS = 20_000;

export async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 5) {
    if (waited > UNTIL_MS) throw new Error('waited too long');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
