/** Which files a release's model is run from, and their bytes. */

import type { Release } from '../../../contracts/types';
import type { Platform } from '../api';
import { KERNEL_NAME, KERNEL_SHA256, WASM_NAME, WASM_SHA256 } from '../constants';
import { hasSimd } from '../lib/simd';
import type { Files } from '../updates/files';
import type { Scorer } from './scorer';

export type ModelTier = Scorer['tier'];

/** The kernel where the release has files for it and the browser has SIMD; onnxruntime-web where it has none; else null. */
export function tierOf(release: Release): ModelTier | null {
  if (release.head === null || release.head === undefined) return 'onnx';
  return hasSimd() ? 'kernel' : null;
}

/** Bytes of the model's own files, uncompressed. */
export function modelSize({ model, head, rest }: Release): number {
  return head ? head.bytes + (rest?.bytes ?? 0) : model.bytes;
}

/** URLs that stay in the cache while this release is in force, beside what all releases name. */
export function modelUrls(release: Release, files: Files, platform: Pick<Platform, 'bundleUrl'>): string[] {
  const kernel = tierOf(release) === 'kernel';
  const refs = kernel ? [release.head, release.rest] : [release.model];
  const named = refs.flatMap((ref) => (ref ? [files.urlOf(ref)] : []));
  return [...named, platform.bundleUrl(kernel ? KERNEL_NAME : WASM_NAME)];
}

/** Runtime and model, checked against their hashes. Rejects with `UpdateRefused`. */
export async function modelBytes(
  release: Release,
  tier: ModelTier,
  files: Files,
  platform: Pick<Platform, 'bundleUrl'>,
): Promise<{ wasm: ArrayBuffer; model: ArrayBuffer }> {
  const [name, sha256] = tier === 'kernel' ? [KERNEL_NAME, KERNEL_SHA256] : [WASM_NAME, WASM_SHA256];
  const [wasm, model] = await Promise.all([
    files.getAt(platform.bundleUrl(name), sha256),
    files.get((tier === 'kernel' ? release.head : null) ?? release.model),
  ]);
  return { wasm: wasm.buffer, model: model.buffer };
}
