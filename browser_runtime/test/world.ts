/** A shop's server in memory, its keys, and a browser that polls it. */

import type { FileRef } from '../../contracts/types';
import { sha256Hex, toHex } from '../src/lib/bytes';
import { openFiles } from '../src/lib/database';
import { NO_RULES } from '../src/ranking/rules';
import { MANIFEST_TYPE, preAuthenticationEncoding, RELEASE_TYPE } from '../src/updates/envelope';
import { Updater } from '../src/updates/updater';

export const NOW_S = 1_000_000;
export const BASE = 'https://shop.test/intently/';
export let releaseKey: CryptoKeyPair;
export let poolKey: CryptoKeyPair;
export let otherKey: CryptoKeyPair;

export async function makeKeys(): Promise<void> {
  const make = async (): Promise<CryptoKeyPair> =>
    (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
  [releaseKey, poolKey, otherKey] = [await make(), await make(), await make()];
}

export async function publicHex(pair: CryptoKeyPair): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)));
}

export const encode = (document: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(document)) as Uint8Array<ArrayBuffer>;

export async function signed(type: string, document: unknown, pair: CryptoKeyPair): Promise<Uint8Array<ArrayBuffer>> {
  const payload = encode(document);
  const sig = await crypto.subtle.sign('Ed25519', pair.privateKey, preAuthenticationEncoding(type, payload));
  const keyid = await sha256Hex(await crypto.subtle.exportKey('raw', pair.publicKey));
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  return encode({
    payloadType: type,
    payload: base64(payload),
    signatures: [{ keyid, sig: base64(new Uint8Array(sig)) }],
  });
}

/** A shop's server in memory, and one browser that polls it. */
export class World {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly asked: { url: string; init: RequestInit }[] = [];
  readonly states: [string, string][] = [];
  online = true;
  caches: CacheStorage | null = null;
  private readonly name = `updater-${Math.random()}`;

  async put(document: unknown): Promise<FileRef> {
    const bytes = document instanceof Uint8Array ? (document as Uint8Array<ArrayBuffer>) : encode(document);
    const sha256 = await sha256Hex(bytes);
    this.files.set(`files/${sha256}.json`, bytes);
    return { path: `files/${sha256}.json`, sha256, bytes: bytes.length };
  }

  async publish(
    version: number,
    changes: Record<string, unknown> = {},
    release: Record<string, unknown> = {},
    signer = poolKey,
  ): Promise<void> {
    const document = {
      type: 'release', version: 1, shop: 'test', demo: false, issued: 0, expires: NOW_S + 100,
      roles: { release: await publicHex(releaseKey), pool: await publicHex(poolKey), ledger: '' },
      hpke_keys: [], configuration: await this.put({ poll_s: 5, ranking: NO_RULES, tokens: null }), model: await this.put({}), base_pool: await this.put({}),
      feature_spec: await this.put({ version: 1, length: 4, event_types: ['view_item'], inputs: [{ name: 'item', items: 9 }] }),
      catalogue: await this.put({ categories: [], items: [] }), markets: [], ...release,
    }; // biome-ignore format: one line reads better
    const manifest = {
      type: 'manifest', version, shop: 'test', demo: false, issued: 0, expires: NOW_S + 50,
      release: await this.put(await signed(RELEASE_TYPE, document, releaseKey)),
      pool: await this.put({ items: [{ item: version }] }), availability: { issued: 0, unavailable: [7], banned: [] }, ...changes,
    }; // biome-ignore format: one line reads better
    this.files.set('manifest.json', await signed(MANIFEST_TYPE, manifest, signer));
  }

  async page(): Promise<Updater> {
    const database = openFiles(indexedDB, this.name, 'ab'.repeat(32));
    const updater = new Updater({
      platform: {
        now: () => NOW_S * 1000,
        bundleUrl: (name: string) => `${BASE}${name}`,
        fetch: (url: string, init: RequestInit = {}) => this.answer(url, init),
        caches: this.caches,
      } as never,
      pinned: {
        releaseKey: await publicHex(releaseKey),
        shop: 'test',
        demo: false,
        version: '0',
        cards: 'page' as const,
      },
      base: BASE,
      database,
      market: '',
      onVerified: () => {},
      onHeld: () => {},
      onState: (state, note) => this.states.push([state, note]),
    });
    await updater.restore();
    await updater.poll();
    return updater;
  }

  private async answer(url: string, init: RequestInit): Promise<Response> {
    if (!this.online) throw new TypeError('offline');
    this.asked.push({ url, init });
    const file = this.files.get(url.replace(BASE, ''));
    if (file === undefined) return new Response(null, { status: 404 });
    return new Response(file);
  }
}
