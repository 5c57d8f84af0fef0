/** What scores candidates for a session. Tier 1 (pool order) is the absence of a scorer. */

import type { FeatureSpec } from '../../../contracts/types';
import type { Tier } from '../api';
import type { Inputs } from '../features';

export interface Scored {
  /** Score of each candidate, in their order. */
  readonly scores: Float32Array;
  readonly embedding: Float32Array;
  /** Probability of a purchase in this session; null where the model has no such head. */
  readonly purchase: number | null;
  /** Probability that the session ends here; null likewise. */
  readonly leave: number | null;
  /** The model's run alone, ms. */
  readonly modelMs: number;
}

/** Most items that the kernel sorts (kernel/source/scan.h). */
export const TOP_MOST = 512;

export interface Scorer {
  readonly tier: Exclude<Tier, 'pool'>;
  /** SHA-256 of the ONNX file. */
  readonly model: string;
  /** What the model reads: its own, also while a newer release is in force whose model is not there yet. */
  readonly featureSpec: FeatureSpec;
  /** Load time inside the worker, ms. */
  readonly loadMs: number;
  /** `inputs` each of length T >= 1. Rejects with `ScorerFailed`. */
  score(inputs: Inputs, candidates: Int32Array): Promise<Scored>;
  /** The best `count` of all items, at most `TOP_MOST`, best first; null in a tier that has no such answer. */
  readonly top: ((inputs: Inputs, count: number) => Promise<Scored & { readonly items: Int32Array }>) | null;
  /** The rows of all other items. Rejects with `ScorerFailed`; scoring then goes on with what there was. */
  addRest(rest: ArrayBuffer): Promise<void>;
  dispose(): void;
}
