/** Content-addressed files: from Cache Storage under their hash, else from the shop's server; used only if the hash is right. */

import type { FileRef } from '../../../contracts/types';
import type { Platform } from '../api';
import { sha256Hex } from '../lib/bytes';
import { UpdateRefused } from '../lib/errors';

export const CACHE_NAME = 'intently-files-1';

/** What a GET of ours carries: no cookie, no referrer. */
export const GET: RequestInit = { credentials: 'omit', referrerPolicy: 'no-referrer' };

export class Files {
  constructor(
    private readonly platform: Pick<Platform, 'fetch' | 'caches'>,
    private readonly base: string,
  ) {}

  /** A file that a signed document names. */
  get(ref: FileRef): Promise<Uint8Array<ArrayBuffer>> {
    return this.getAt(this.base + ref.path, ref.sha256);
  }

  /** Bytes at `url` whose SHA-256 is `sha256`; throws `UpdateRefused` for others. */
  async getAt(url: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
    const cached = await this.fromCache(url);
    if (cached !== null && (await sha256Hex(cached)) === sha256) return cached;
    const answer = await this.platform.fetch(url, GET);
    if (!answer.ok) throw new UpdateRefused(`file: the server answered ${answer.status} for ${url}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const got = await sha256Hex(bytes);
    if (got !== sha256)
      throw new UpdateRefused(`file: ${url} has hash ${got.slice(0, 12)}…, want ${sha256.slice(0, 12)}…`);
    await this.keep(url, bytes);
    return bytes;
  }

  /** Drop what is not among `urls`, so that the cache stays as large as one set. */
  async prune(urls: ReadonlySet<string>): Promise<void> {
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

  private async keep(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.attempt((cache) => cache.put(url, new Response(bytes)));
  }

  /** Cache Storage is disposable: any fault of it counts as empty. */
  private async attempt<T>(act: (cache: Cache) => Promise<T>): Promise<T | null> {
    try {
      return this.platform.caches === null ? null : await act(await this.platform.caches.open(CACHE_NAME));
    } catch {
      return null;
    }
  }
}
