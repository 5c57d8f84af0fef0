/** Tiers 2 and 3: the session model in a dedicated worker of the shop's own origin, or in what stands in for one. */

import type { FeatureSpec } from '../../../contracts/types';
import type { Inputs } from '../features';
import { ScorerFailed } from '../lib/errors';
import type { Scored, Scorer } from './scorer';
import type { Question, WorkerLine } from './worker_line';

/** Longest waits before the worker is given up, ms. */
const LOAD_LIMIT_MS = 60_000;
const SCORE_LIMIT_MS = 5_000;

export interface ModelFacts {
  readonly tier: Scorer['tier'];
  /** SHA-256 of the ONNX file. */
  readonly sha256: string;
  readonly featureSpec: FeatureSpec;
}

/** Give a worker its model; ms in the worker. Rejects with `ScorerFailed`. */
export function load(line: WorkerLine, wasm: ArrayBuffer, model: ArrayBuffer, given: Transferable[]): Promise<number> {
  return loaded(line, { kind: 'load', wasm, model }, given);
}

/** Give the kernel the categories; ms in the worker. Rejects with `ScorerFailed`. */
export function setCategories(line: WorkerLine, categories: Uint16Array): Promise<number> {
  return loaded(line, { kind: 'categories', categories });
}

async function loaded(line: WorkerLine, question: Question, transfer: Transferable[] = []): Promise<number> {
  const answer = await line.ask(question, LOAD_LIMIT_MS, transfer);
  if (answer.kind !== 'loaded') throw new ScorerFailed(`the worker answered ${answer.kind} to ${question.kind}`);
  return answer.ms;
}

export class WorkerScorer implements Scorer {
  readonly tier: Scorer['tier'];
  readonly model: string;
  readonly featureSpec: FeatureSpec;
  readonly top: Scorer['top'];

  constructor(
    private readonly line: WorkerLine,
    { tier, sha256, featureSpec }: ModelFacts,
    /** In the worker. */
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
    await loaded(this.line, { kind: 'rest', rest }, [rest]);
  }

  dispose(): void {
    this.line.end();
  }
}
