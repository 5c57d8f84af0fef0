/** Tier 3: the session model in a dedicated worker of the shop's own origin. */

import type { Inputs } from '../features';
import { ScorerFailed } from '../lib/errors';
import type { FromWorker, ToWorker, WorkerLike } from './messages';
import type { Scored, Scorer } from './scorer';

/** Longest waits before the worker is given up, ms. */
const LOAD_LIMIT_MS = 60_000;
const SCORE_LIMIT_MS = 5_000;

type Answer = Extract<FromWorker, { id: number }>;

/** Start a worker and load the model. Rejects with `ScorerFailed`; the worker is then ended. */
export async function startWorkerScorer(
  start: () => WorkerLike,
  wasm: ArrayBuffer,
  model: ArrayBuffer,
  hash: string,
): Promise<Scorer> {
  let line: WorkerLine;
  try {
    line = new WorkerLine(start());
  } catch (fault) {
    throw new ScorerFailed(`the worker was refused: ${String(fault)}`);
  }
  try {
    const loaded = await line.ask((id) => ({ kind: 'load', id, wasm, model }), LOAD_LIMIT_MS, [wasm, model]);
    if (loaded.kind !== 'loaded') throw new ScorerFailed(`the worker answered ${loaded.kind} to load`);
    return new WorkerScorer(line, hash, loaded.ms);
  } catch (fault) {
    line.end();
    throw fault;
  }
}

class WorkerScorer implements Scorer {
  readonly tier = 'onnx';

  constructor(
    private readonly line: WorkerLine,
    readonly model: string,
    readonly loadMs: number,
  ) {}

  async score(inputs: Inputs, candidates: Int32Array): Promise<Scored> {
    const answer = await this.line.ask((id) => ({ kind: 'score', id, inputs, candidates }), SCORE_LIMIT_MS);
    if (answer.kind !== 'scored') throw new ScorerFailed(`the worker answered ${answer.kind} to score`);
    if (answer.scores.length !== candidates.length)
      throw new ScorerFailed('the model gave another number of scores than candidates');
    return { scores: answer.scores, embedding: answer.embedding, modelMs: answer.ms };
  }

  dispose(): void {
    this.line.end();
  }
}

/** Questions and answers by number. */
class WorkerLine {
  private next = 0;
  private readonly open = new Map<number, { resolve: (answer: Answer) => void; reject: (fault: Error) => void }>();

  constructor(private readonly worker: WorkerLike) {
    worker.onmessage = ({ data }) => {
      if (data.kind === 'started') return;
      if (data.kind === 'failed') this.open.get(data.id)?.reject(new ScorerFailed(`the model failed: ${data.reason}`));
      else this.open.get(data.id)?.resolve(data);
    };
    worker.onerror = (event) => {
      this.fail(`the worker stopped: ${event.message || 'its script could not be loaded'}`);
    };
  }

  async ask(question: (id: number) => ToWorker, limitMs: number, transfer: Transferable[] = []): Promise<Answer> {
    const id = this.next++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answered = new Promise<Answer>((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      timer = setTimeout(() => reject(new ScorerFailed(`no answer from the worker in ${limitMs} ms`)), limitMs);
      this.worker.postMessage(question(id), transfer);
    });
    try {
      return await answered;
    } finally {
      clearTimeout(timer);
      this.open.delete(id);
    }
  }

  end(): void {
    this.worker.terminate();
    this.fail('the worker was ended');
  }

  private fail(reason: string): void {
    for (const { reject } of this.open.values()) reject(new ScorerFailed(reason));
  }
}
