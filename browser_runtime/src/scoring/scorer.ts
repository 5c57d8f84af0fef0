/** What scores candidates for a session. Tier 1 (pool order) is the absence of a scorer; a kernel tier will be another. */

import type { Tier } from '../api';
import type { Inputs } from '../features';

export interface Scored {
  /** Score of each candidate, in their order. */
  readonly scores: Float32Array;
  readonly embedding: Float32Array;
  /** The model's run alone, ms. */
  readonly modelMs: number;
}

export interface Scorer {
  readonly tier: Exclude<Tier, 'pool'>;
  /** SHA-256 of the model's bytes. */
  readonly model: string;
  /** Load time inside the worker, ms. */
  readonly loadMs: number;
  /** `inputs` each of length T >= 1. Rejects with `ScorerFailed`. */
  score(inputs: Inputs, candidates: Int32Array): Promise<Scored>;
  dispose(): void;
}
