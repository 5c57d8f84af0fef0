/** Tiers 2 and 3: the session model in a dedicated worker of the shop's own origin, or in what stands in for one. */

import type { FeatureSpec } from '../../../contracts/types';
import type { Inputs } from '../features';
import { ScorerFailed } from '../lib/errors';
import type { Scored, Scorer } from './scorer';
import type { Question, WorkerLine } from './worker_line';

/** Longest waits before the worker is given up, ms. */
const LOAD_LIMIT_MS = 60_000;
const SCORE_LIMIT_MS = 5_000;

export interface ModelBytes {
  readonly tier: Scorer['tier'];
  readonly wasm: ArrayBuffer;
  /** `head`, or an ONNX file. */
  readonly model: ArrayBuffer;
  readonly categories: Uint16Array;
  /** SHA-256 of the ONNX file. */
  readonly sha256: string;
  readonly featureSpec: FeatureSpec;
}

/** Load the model in a worker that runs. Rejects with `ScorerFailed`; the worker is then ended. */
export async function loadScorer(line: WorkerLine, bytes: ModelBytes): Promise<Scorer> {
  const { wasm, model, categories } = bytes;
  try {
    const loaded = await line.ask({ kind: 'load', wasm, model, categories }, LOAD_LIMIT_MS, [wasm, model]);
    if (loaded.kind !== 'loaded') throw new ScorerFailed(`the worker answered ${loaded.kind} to load`);
    return new WorkerScorer(line, bytes, loaded.ms);
  } catch (fault) {
    line.end();
    throw fault;
  }
}

class WorkerScorer implements Scorer {
  readonly tier: Scorer['tier'];
  readonly model: string;
  readonly featureSpec: FeatureSpec;
  readonly top: Scorer['top'];

  constructor(
    private readonly line: WorkerLine,
    { tier, sha256, featureSpec }: ModelBytes,
    readonly loadMs: number,
  ) {
    this.tier = tier;
    this.model = sha256;
    this.featureSpec = featureSpec;
    this.top = tier === 'kernel' ? (inputs, count) => this.asked({ kind: 'top', inputs, count }) : null;
  }

  async score(inputs: Inputs, candidates: Int32Array): Promise<Scored> {
    const scored = await this.asked({ kind: 'score', inputs, candidates });
    if (scored.scores.length !== candidates.length)
      throw new ScorerFailed('the model gave another number of scores than candidates');
    return scored;
  }

  private async asked(question: Question): Promise<Scored & { readonly items: Int32Array }> {
    const answer = await this.line.ask(question, SCORE_LIMIT_MS);
    if (answer.kind !== 'scored') throw new ScorerFailed(`the worker answered ${answer.kind} to ${question.kind}`);
    const { items, scores, embedding, purchase, leave, ms } = answer;
    return { items, scores, embedding, purchase, leave, modelMs: ms };
  }

  async addRest(rest: ArrayBuffer): Promise<void> {
    await this.line.ask({ kind: 'rest', rest }, LOAD_LIMIT_MS, [rest]);
  }

  dispose(): void {
    this.line.end();
  }
}
