/** Which releases and manifests are refused, and why. Pure; the rules are those of The Update Framework, section 5. */

import type { FileRef, Manifest, Release } from '../../../contracts/types';
import type { Pinned } from '../constants';
import { UpdateRefused } from '../lib/errors';

/** Highest versions ever held; 0 for none. */
export interface Highest {
  readonly release: number;
  readonly manifest: number;
  /** SHA-256 of the manifest of that version: another one of the same version is refused. */
  readonly manifest_sha256: string;
  /** SHA-256 of the signed content of the release of that version: other content of the same version is refused. */
  readonly release_sha256: string;
  /** The pool key that signed the manifest of that version, hexadecimal. */
  readonly pool_key: string;
}

export const NONE_HELD: Highest = { release: 0, manifest: 0, manifest_sha256: '', release_sha256: '', pool_key: '' };

/** The floor under a release: a newer one that names another pool key begins manifests anew (TUF, section 5.3.11: fast-forward). */
export function floorOf(release: Release, highest: Highest): Highest {
  const anew = release.version > highest.release && release.roles.pool !== highest.pool_key;
  return anew ? { ...highest, manifest: 0, manifest_sha256: '' } : highest;
}

/** Throws `UpdateRefused`. `sha256`: of the signed content; `now_s`: seconds since 1970. */
export function acceptRelease(release: Release, sha256: string, pinned: Pinned, highest: Highest, now_s: number): void {
  common('release', release, pinned, now_s);
  if (release.type !== 'release') refuse('release', `got a ${String(release.type)}`);
  if (release.version < highest.release) older('release', release.version, highest.release);
  if (release.version === highest.release && sha256 !== highest.release_sha256)
    refuse('release', `two different ones are numbered ${release.version}`);
  if (release.roles?.release !== pinned.releaseKey)
    refuse('release', 'its roles name another release key than the pinned one');
  if (!Array.isArray(release.markets)) refuse('release', 'no list of markets');
  for (const { file } of release.markets) checkRef(file);
  for (const ref of [release.configuration, release.feature_spec, release.model, release.catalogue, release.base_pool])
    checkRef(ref);
  for (const ref of [release.head, release.rest, release.columns]) if (ref) checkRef(ref);
}

/** Throws `UpdateRefused`. `sha256`: of the manifest's bytes as served. */
export function acceptManifest(
  manifest: Manifest,
  sha256: string,
  pinned: Pinned,
  highest: Highest,
  now_s: number,
): void {
  common('manifest', manifest, pinned, now_s);
  if (manifest.type !== 'manifest') refuse('manifest', `got a ${String(manifest.type)}`);
  if (manifest.version < highest.manifest) older('manifest', manifest.version, highest.manifest);
  if (manifest.version === highest.manifest && sha256 !== highest.manifest_sha256) {
    refuse('manifest', `two different ones are numbered ${manifest.version}`);
  }
  checkRef(manifest.pool);
  if (manifest.category_pool) checkRef(manifest.category_pool);
  const { issued, unavailable, banned } = manifest.availability ?? {};
  if (!Number.isInteger(issued) || !isItems(unavailable) || !isItems(banned))
    refuse('manifest', 'no availability list');
}

function isItems(list: unknown): boolean {
  return Array.isArray(list) && list.every((item) => Number.isInteger(item));
}

/** Throws `UpdateRefused` unless the path is the file's own hash: a server cannot make it a mark of a visitor. */
export function checkRef(ref: FileRef): void {
  const match = /^files\/([0-9a-f]{64})(\.[a-z0-9]+)*$/.exec(ref?.path);
  if (match === null || match[1] !== ref.sha256 || !(ref.bytes >= 0))
    refuse('file', `${String(ref?.path)} is not named by its hash`);
}

function common(what: string, document: Release | Manifest, pinned: Pinned, now_s: number): void {
  if (!Number.isInteger(document.version) || document.version < 1) refuse(what, 'no version');
  if (document.shop !== pinned.shop) refuse(what, `made for shop ${document.shop}, this bundle is of ${pinned.shop}`);
  if (document.demo && !pinned.demo) refuse(what, 'made for a demo, this bundle is not');
  if (!(document.expires > now_s)) refuse(what, `expired at ${document.expires}, it is ${Math.floor(now_s)}`);
}

function older(what: string, got: number, held: number): never {
  refuse(what, `older: got version ${got}, version ${held} was held`);
}

function refuse(what: string, why: string): never {
  throw new UpdateRefused(`${what}: ${why}`);
}
