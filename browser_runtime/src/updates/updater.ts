/** Polls the manifest, verifies the set that it names, and swaps it in whole; whatever is refused, the last good set stays. */

import type {
  Catalogue,
  Configuration,
  FeatureSpec,
  FileRef,
  Manifest,
  Market,
  Pool,
  PoolItem,
  Release,
} from '../../../contracts/types';
import type { Held, Platform, UpdateState } from '../api';
import type { Pinned } from '../constants';
import { parseFeatureSpec } from '../features';
import { sha256Hex } from '../lib/bytes';
import type { FilesDatabase } from '../lib/database';
import { sentenceOf, UpdateRefused } from '../lib/errors';
import { modelUrls } from '../scoring/model_files';
import { acceptManifest, acceptRelease, checkRef, floorOf, type Highest, NONE_HELD } from './accept';
import { readColumns } from './columns';
import { MANIFEST_TYPE, parseEnvelope, parseJson, payloadOf, RELEASE_TYPE, verifyEnvelope } from './envelope';
import { bodyOf, ENVELOPE_MOST_BYTES, FETCH_LIMIT_MS, Files, GET } from './files';
import { type Listed, listedOf } from './listed';
import { checkCatalogue, checkMarket, checkShapes } from './shapes';
import { type HeldRecord, readHeld, writeHeld } from './store';

export const MANIFEST_PATH = 'manifest.json';

/** The public `Held` and what the runtime needs besides. */
export interface HeldSet extends Held {
  /** null: a spec that this bundle cannot encode; the model is then not used. */
  readonly featureSpec: FeatureSpec | null;
  /** Why an item stands in the pool. */
  readonly poolReasons: ReadonlyMap<number, PoolItem['reason']>;
  /** What may be shown where the page names nothing else: the pool's items in its order, then the rest of the catalogue. */
  readonly candidates: readonly number[];
}

export interface UpdaterOptions {
  readonly platform: Platform;
  readonly pinned: Pinned;
  /** Absolute URL ending in a slash. */
  readonly base: string;
  /** null: refused. Never rejects. */
  readonly database: Promise<FilesDatabase | null>;
  /** '' for the catalogue's own prices. */
  readonly market: string;
  /** The release's signature holds; its files are asked for now. */
  readonly onVerified: (release: Release) => void;
  readonly onHeld: (held: HeldSet) => void;
  readonly onState: (state: UpdateState, note: string) => void;
}

export class Updater {
  readonly files: Files;
  held: HeldSet | null = null;
  private highest: Highest = NONE_HELD;
  private releaseBytes: Uint8Array<ArrayBuffer> | null = null;
  private polling: Promise<void> | null = null;
  private restoring: Promise<void> = Promise.resolve();
  /** What was fetched is being written, and older files deleted: no poll waits for that to end, the next set to take does. */
  private pruning: Promise<void> = Promise.resolve();

  constructor(private readonly options: UpdaterOptions) {
    this.files = new Files(options.platform, options.base);
  }

  /** Take up the set that this page's predecessor or another tab stored (`fresh`: just now). Expiry is not asked: better an old order than none. */
  restore(fresh = false): Promise<void> {
    this.restoring = this.restoring.then(() => this.restoreOnce(fresh));
    return this.restoring;
  }

  private async restoreOnce(fresh: boolean): Promise<void> {
    const record = await readHeld(await this.options.database);
    this.files.setKept(record !== null);
    if (record === null || record.highest.manifest_sha256 === this.held?.manifest_sha256) return;
    if (record.highest.manifest < this.highest.manifest) return;
    this.highest = record.highest;
    try {
      const set = await this.verified(record.manifest, record.release, 0);
      this.swap(set, record);
      this.options.onState(fresh ? 'current' : 'cached', '');
    } catch (fault) {
      this.options.onState(this.held === null ? 'none' : 'refused', `kept files: ${sentenceOf(fault)}`);
    }
  }

  /** Ask once; a call while one is under way joins it. Never rejects. */
  poll(): Promise<void> {
    this.polling ??= this.pollOnce().finally(() => {
      this.polling = null;
    });
    return this.polling;
  }

  private async pollOnce(): Promise<void> {
    const asked = this.fetchManifest();
    asked.catch(() => {}); // told below
    await this.restoring; // what was held says what is older
    await this.pruning;
    try {
      const taken = await this.take(await asked);
      const expired = this.held !== null && this.held.manifest.expires <= this.options.platform.now() / 1000;
      this.options.onState(expired ? 'expired' : 'current', expired ? 'the manifest in force has expired' : '');
      if (taken) this.pruning = this.files.prune(this.needed(taken));
    } catch (fault) {
      const state = fault instanceof UpdateRefused ? 'refused' : 'offline';
      this.options.onState(state, sentenceOf(fault));
    }
  }

  /** Asked whole and alike by everyone: a validator (`If-None-Match`) would tell a server which bytes it served this visitor. */
  private async fetchManifest(): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.options.platform.fetch(this.options.base + MANIFEST_PATH, {
      ...GET,
      cache: 'no-store',
      signal: AbortSignal.timeout(FETCH_LIMIT_MS),
    });
    if (!answer.ok) throw new Error(`manifest: the server answered ${answer.status}`);
    return bodyOf(answer, ENVELOPE_MOST_BYTES, 'manifest');
  }

  /** null: it is in force already. */
  private async take(bytes: Uint8Array<ArrayBuffer>): Promise<HeldSet | null> {
    const sha256 = await sha256Hex(bytes);
    if (sha256 === this.held?.manifest_sha256) return null;
    const claimed = parseJson<Manifest>(payloadOf(parseEnvelope(bytes, 'manifest'), 'manifest'), 'manifest');
    checkRef(claimed.release);
    const release = await this.releaseOf(claimed.release);
    const set = await this.verified(bytes, release, this.options.platform.now() / 1000);
    const highest = {
      release: set.release.version,
      manifest: set.manifest.version,
      manifest_sha256: sha256,
      release_sha256: await sha256Hex(payloadOf(parseEnvelope(release, 'release'), 'release')),
      pool_key: set.release.roles.pool,
    };
    const record = { manifest: bytes, release, highest };
    this.swap(set, record);
    await writeHeld(await this.options.database, record);
    return set;
  }

  private async releaseOf(ref: FileRef): Promise<Uint8Array<ArrayBuffer>> {
    const held = this.releaseBytes;
    return held !== null && (await sha256Hex(held)) === ref.sha256 ? held : this.files.getUnvouched(ref);
  }

  /** Verify both documents and gather their files; throws `UpdateRefused`. */
  private async verified(
    manifestBytes: Uint8Array<ArrayBuffer>,
    releaseBytes: Uint8Array<ArrayBuffer>,
    now_s: number,
  ): Promise<HeldSet> {
    const { pinned } = this.options;
    const releasePayload = await verifyEnvelope(
      parseEnvelope(releaseBytes, 'release'),
      RELEASE_TYPE,
      pinned.releaseKey,
      'release',
    );
    const release = parseJson<Release>(releasePayload, 'release');
    acceptRelease(release, await sha256Hex(releasePayload), pinned, this.highest, now_s);
    const envelope = parseEnvelope(manifestBytes, 'manifest');
    const manifest = parseJson<Manifest>(
      await verifyEnvelope(envelope, MANIFEST_TYPE, release.roles.pool, 'manifest'),
      'manifest',
    );
    const manifest_sha256 = await sha256Hex(manifestBytes);
    acceptManifest(manifest, manifest_sha256, pinned, floorOf(release, this.highest), now_s);
    if ((await sha256Hex(releaseBytes)) !== manifest.release.sha256)
      throw new UpdateRefused('manifest: names another release');
    return this.gathered(manifest, manifest_sha256, release);
  }

  private async gathered(manifest: Manifest, manifest_sha256: string, release: Release): Promise<HeldSet> {
    const { market: name } = this.options;
    this.options.onVerified(release);
    const [configuration, spec, listed, pool, market] = await Promise.all([
      this.json<Configuration>(release.configuration, 'configuration'),
      this.json<unknown>(release.feature_spec, 'feature spec'),
      this.catalogue(release),
      this.json<Pool>(manifest.pool, 'pool'),
      name === '' ? null : this.json<Market>(marketRef(release, name), 'market'),
    ]);
    checkShapes(configuration, pool);
    if (market !== null) checkMarket(market, name);
    return {
      manifest,
      manifest_sha256,
      release,
      configuration,
      get catalogue() {
        return listed.whole();
      },
      listed,
      pool,
      market,
      featureSpec: this.specOf(spec),
      poolReasons: new Map(pool.items.map(({ item, reason }) => [item, reason])),
      candidates: candidatesOf(pool, listed.size),
    };
  }

  /** In columns where the release has them; what the set in force holds of the same catalogue stays. */
  private async catalogue({ catalogue, columns }: Release): Promise<Listed> {
    const { held } = this;
    if (held !== null && fileOf(held.release).sha256 === fileOf({ catalogue, columns }).sha256) return held.listed;
    if (columns) return readColumns(await this.files.get(columns));
    const document = parseJson<Catalogue>(await this.files.get(catalogue), 'catalogue');
    checkCatalogue(document);
    return listedOf(document);
  }

  private specOf(document: unknown): FeatureSpec | null {
    try {
      return parseFeatureSpec(document);
    } catch (fault) {
      this.options.onState('current', `${sentenceOf(fault)}; items are shown in the pool's order`);
      return null;
    }
  }

  private async json<T>(ref: FileRef, what: string): Promise<T> {
    const same = this.held === null ? undefined : this.already(ref);
    return (same as T | undefined) ?? parseJson<T>(await this.files.get(ref), what);
  }

  /** What the set in force already parsed of the same file. */
  private already(ref: FileRef): unknown {
    const { release, manifest, configuration, pool, market, featureSpec } = this.held as HeldSet;
    const known: [FileRef, unknown][] = [
      [release.configuration, configuration],
      [release.feature_spec, featureSpec ?? undefined],
      [manifest.pool, pool],
      ...release.markets.map(({ name, file }): [FileRef, unknown] => [
        file,
        market?.name === name ? market : undefined,
      ]),
    ];
    return known.find(([held]) => held.sha256 === ref.sha256)?.[1];
  }

  private needed({ release, manifest }: HeldSet): ReadonlySet<string> {
    const markets = release.markets.filter(({ name }) => name === this.options.market);
    const refs = [
      ...markets.map(({ file }) => file),
      manifest.pool,
      ...(manifest.category_pool ? [manifest.category_pool] : []),
      release.configuration,
      release.feature_spec,
      fileOf(release),
    ];
    return new Set([
      ...refs.map((ref) => this.files.urlOf(ref)),
      ...modelUrls(release, this.files, this.options.platform),
    ]);
  }

  private swap(set: HeldSet, record: HeldRecord): void {
    this.held = set;
    this.highest = record.highest;
    this.releaseBytes = record.release;
    this.options.onHeld(set);
  }
}

/** The catalogue's file that a browser reads. */
function fileOf({ catalogue, columns }: Pick<Release, 'catalogue' | 'columns'>): FileRef {
  return columns ?? catalogue;
}

/** Throws `UpdateRefused` where the release names no such market. */
function marketRef({ markets }: Release, name: string): FileRef {
  const found = markets.find((market) => market.name === name);
  if (found !== undefined) return found.file;
  const names = markets.map((market) => market.name).join(', ') || 'none';
  throw new UpdateRefused(`release: the page asks for market ${name}, there are ${names}`);
}

/** The catalogue is at hand, so nothing is fetched for an item that the pool lacks, and the model may choose among all. */
function candidatesOf(pool: Pool, size: number): number[] {
  const taken = new Uint8Array(size + 1);
  const candidates: number[] = [];
  for (const { item } of pool.items) {
    if (!taken[item]) candidates.push(item);
    taken[item] = 1;
  }
  for (let item = 1; item <= size; item++) if (!taken[item]) candidates.push(item);
  return candidates;
}
