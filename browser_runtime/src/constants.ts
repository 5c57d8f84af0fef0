/** What a bundle carries for good: the pinned key, and limits that no signed configuration can loosen. */

/** JSON of `Pinned`, in a literal of fixed length that `browser_runtime.templates` replaces. */
declare const INTENTLY_PINNED: string;
declare const INTENTLY_WASM_SHA256: string;
declare const INTENTLY_KERNEL_SHA256: string;

/** Pinned by `browser_runtime.build_bundle`; empty where the sources run unbundled, in tests. */
export interface Pinned {
  /** Ed25519 public key of the `release` role, hexadecimal. */
  readonly releaseKey: string;
  readonly shop: string;
  readonly demo: boolean;
  readonly version: string;
  /** Most that cards of this bundle may fetch: `shop`, and the image host learns the list; else no configuration allows it. */
  readonly cards: 'page' | 'local' | 'shop';
}

const NOTHING_PINNED: Pinned = { releaseKey: '', shop: '', demo: false, version: '0', cards: 'page' };

export const PINNED: Pinned =
  typeof INTENTLY_PINNED === 'string' ? /* @__PURE__ */ JSON.parse(INTENTLY_PINNED) : NOTHING_PINNED;

/** The runtime, beside `intently.js`. */
export const CORE_CHUNK = 'intently-core.js';

export const WASM_NAME = 'ort-wasm-simd-threaded.wasm';
export const WASM_SHA256 = typeof INTENTLY_WASM_SHA256 === 'string' ? INTENTLY_WASM_SHA256 : '';
export const KERNEL_NAME = 'intently-kernel.wasm';
export const KERNEL_SHA256 = typeof INTENTLY_KERNEL_SHA256 === 'string' ? INTENTLY_KERNEL_SHA256 : '';
/** The kernel for pages that refuse workers. */
export const MAIN_THREAD_NAME = 'intently-kernel.js';
export const WORKER_NAMES = { kernel: 'intently-worker.js', onnx: 'intently-onnx-worker.js' } as const;

/** Feature specs that this bundle can encode. */
export const FEATURE_SPEC_VERSIONS: readonly number[] = [1, 2];

/** Largest local epsilon of one report. */
export const EPSILON_LIMIT = 8;
/** Shortest epoch, s; `DEMO_EPOCH_LIMIT_S` in a demo bundle. */
export const EPOCH_LIMIT_S = 3600;
export const DEMO_EPOCH_LIMIT_S = 10;
/** Largest sum of local epsilons of one client in `CAP_DAYS` days. */
export const CAP_LIMIT_EPSILON = 64;
export const CAP_DAYS = 90;
/** Ledgers count epsilon in millionths, rounded up. */
export const MICRO = 1_000_000;
