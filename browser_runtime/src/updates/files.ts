/** Content-addressed files: from Cache Storage under their hash, else from the shop's server; used only if the hash is right. */

import type { FileRef } from '../../../contracts/types';
import type { Platform } from '../api';
import { sha256Hex } from '../lib/bytes';
import { UpdateRefused } from '../lib/errors';

export const CACHE_NAME = 'intently-files-1';

/** What a GET of ours carries: no cookie, no referrer. */
export const GET: RequestInit = { credentials: 'omit', referrerPolicy: 'no-referrer' };

/** A transfer that hangs is given up; the next poll asks again. A slow one (0.4 MB at 50 kbit/s) has the time, ms. */
export const FETCH_LIMIT_MS = 120_000;

export const ENVELOPE_MOST_BYTES = 2 ** 20;
/** Answers that may be others in a moment, beside 5xx: timed out, too many requests. */
const PASSING: ReadonlySet<number> = new Set([408, 429]);
/** Files that no signed document measures: the runtime's wasm. */
const UNMEASURED_MOST_BYTES = 2 ** 25;

/** The body, read no further than `most` bytes; throws `UpdateRefused` beyond. */
export async function bodyOf(answer: Response, most: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = answer.body?.getReader();
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    parts.push(read.value);
    length += read.value.length;
    if (length <= most) continue;
    await reader?.cancel();
    throw new UpdateRefused(`${what}: longer than ${most} bytes`);
  }
  return joined(parts, length);
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export class Files {
  private opened: Promise<Cache> | null = null;
  /** What is being written; nobody who wants a file waits for it. */
  private readonly keeping = new Set<Promise<void>>();
  /** What this page wrote to a cache that held nothing; null: the cache may hold anything. */
  private sole: Set<string> | null = null;

  constructor(
    private readonly platform: Pick<Platform, 'fetch' | 'caches'>,
    private readonly base: string,
  ) {}

  /** Ask for the cache now: whoever wants a file later finds it open. */
  open(): void {
    void this.attempt(async () => {});
  }

  /** A file that a signed document names. */
  get(ref: FileRef): Promise<Uint8Array<ArrayBuffer>> {
    return this.getAt(this.base + ref.path, ref.sha256, ref.bytes);
  }

  /** An envelope that nobody has vouched for yet: capped, and not cached. */
  getUnvouched(ref: FileRef): Promise<Uint8Array<ArrayBuffer>> {
    return this.fetched(this.base + ref.path, ref.sha256, Math.min(ref.bytes, ENVELOPE_MOST_BYTES));
  }

  /** Bytes at `url` whose SHA-256 is `sha256`; throws `UpdateRefused` for others. */
  async getAt(url: string, sha256: string, most = UNMEASURED_MOST_BYTES): Promise<Uint8Array<ArrayBuffer>> {
    const kept = await this.keptAt(url, sha256);
    if (kept !== null) return kept;
    const bytes = await this.fetched(url, sha256, most);
    this.keep(url, bytes);
    return bytes;
  }

  /** Of a file that a signed document names; null: this browser does not have it. Asks nobody. */
  getKept(ref: FileRef): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.keptAt(this.base + ref.path, ref.sha256);
  }

  private async keptAt(url: string, sha256: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const cached = this.sole?.has(url) === false ? null : await this.fromCache(url);
    return cached !== null && (await sha256Hex(cached)) === sha256 ? cached : null;
  }

  private async fetched(url: string, sha256: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await this.platform.fetch(url, { ...GET, signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
    if (!answer.ok) {
      const why = `file: the server answered ${answer.status} for ${url}`;
      throw PASSING.has(answer.status) || answer.status >= 500 ? new Error(why) : new UpdateRefused(why);
    }
    const bytes = await bodyOf(answer, most, `file: ${url}`);
    const got = await sha256Hex(bytes);
    if (got !== sha256)
      throw new UpdateRefused(`file: ${url} has hash ${got.slice(0, 12)}…, want ${sha256.slice(0, 12)}…`);
    return bytes;
  }

  /** Drop what is not among `urls`, so that the cache stays as large as one set. */
  async prune(urls: ReadonlySet<string>): Promise<void> {
    await Promise.all(this.keeping);
    await this.attempt(async (cache) => {
      const stale = (await cache.keys()).filter((request) => !urls.has(request.url));
      await Promise.all(stale.map((request) => cache.delete(request)));
    });
  }

  urlOf(ref: FileRef): string {
    return this.base + ref.path;
  }

  private fromCache(url: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.attempt(async (cache) => {
      const held = await cache.match(url);
      return held === undefined ? null : new Uint8Array(await held.arrayBuffer());
    });
  }

  /** Whether an earlier page, or another tab, kept a set: where none did, nothing is looked for. */
  setKept(kept: boolean): void {
    this.sole = kept ? null : (this.sole ?? new Set());
  }

  /**
   * A `Response` copies the bytes at once: the caller may give them away. Written at once and not in an idle moment: what the next
   * page must ask for again would tell how busy this one was.
   */
  private keep(url: string, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.platform.caches === null) return;
    const response = new Response(bytes);
    this.sole?.add(url);
    const kept: Promise<void> = this.attempt((cache) => cache.put(url, response)).then(() => {
      this.keeping.delete(kept);
    });
    this.keeping.add(kept);
  }

  /** Cache Storage is disposable: any fault of it counts as empty. */
  private async attempt<T>(act: (cache: Cache) => Promise<T>): Promise<T | null> {
    try {
      if (this.platform.caches === null) return null;
      this.opened ??= this.platform.caches.open(CACHE_NAME);
      return await act(await this.opened);
    } catch {
      this.opened = null;
      return null;
    }
  }
}
