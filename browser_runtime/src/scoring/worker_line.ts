/** Questions to a worker and its answers, by number. */

import { ScorerFailed } from '../lib/errors';
import type { FromWorker, ToWorker, WorkerLike } from './messages';

/** A worker whose script did not run: refused by a policy, or not there. */
export class WorkerRefused extends ScorerFailed {}

export type Answer = Extract<FromWorker, { id: number }>;
/** A message without its number. */
export type Question<T = ToWorker> = T extends { id: number } ? Omit<T, 'id'> : never;

const START_LIMIT_MS = 20_000;

export class WorkerLine {
  private next = 0;
  private readonly open = new Map<number, { resolve: (answer: Answer) => void; reject: (fault: Error) => void }>();
  private fault: ScorerFailed | null = null;
  private started = false;
  private readonly limit = setTimeout(() => this.stop(`it did not start in ${START_LIMIT_MS} ms`), START_LIMIT_MS);

  private constructor(private readonly worker: WorkerLike) {
    worker.onmessage = ({ data }) => this.hear(data);
    worker.onerror = ({ message }) => this.stop(message || 'its script could not be loaded');
  }

  /** Throws `WorkerRefused`. What is asked before the worker's script runs waits in the worker. */
  static open(start: () => WorkerLike): WorkerLine {
    try {
      return new WorkerLine(start());
    } catch (fault) {
      throw new WorkerRefused(`the worker was refused: ${String(fault)}`);
    }
  }

  /** Rejects with `WorkerRefused` where the script never ran, with `ScorerFailed` for all else. */
  async ask(question: Question, limitMs: number, transfer: Transferable[] = []): Promise<Answer> {
    if (this.fault !== null) throw this.fault;
    const id = this.next++;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answered = new Promise<Answer>((resolve, reject) => {
      this.open.set(id, { resolve, reject });
      timer = setTimeout(() => reject(new ScorerFailed(`no answer from the worker in ${limitMs} ms`)), limitMs);
      this.worker.postMessage({ ...question, id } as ToWorker, transfer);
    });
    try {
      return await answered;
    } finally {
      clearTimeout(timer);
      this.open.delete(id);
    }
  }

  end(): void {
    this.fail(new ScorerFailed('the worker was ended'));
  }

  private hear(answer: FromWorker): void {
    clearTimeout(this.limit);
    this.started = true;
    if (answer.kind === 'started') return;
    if (answer.kind === 'failed')
      this.open.get(answer.id)?.reject(new ScorerFailed(`the model failed: ${answer.reason}`));
    else this.open.get(answer.id)?.resolve(answer);
  }

  private stop(why: string): void {
    this.fail(new (this.started ? ScorerFailed : WorkerRefused)(`the worker stopped: ${why}`));
  }

  private fail(fault: ScorerFailed): void {
    clearTimeout(this.limit);
    this.fault ??= fault;
    this.worker.terminate();
    for (const { reject } of this.open.values()) reject(fault);
  }
}
