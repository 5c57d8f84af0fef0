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
  private begun: () => void = () => {};

  private constructor(private readonly worker: WorkerLike) {}

  /** Resolves once the worker's script runs; rejects with `WorkerRefused`. */
  static async start(start: () => WorkerLike): Promise<WorkerLine> {
    let line: WorkerLine;
    try {
      line = new WorkerLine(start());
    } catch (fault) {
      throw new WorkerRefused(`the worker was refused: ${String(fault)}`);
    }
    await line.started();
    return line;
  }

  async ask(question: Question, limitMs: number, transfer: Transferable[] = []): Promise<Answer> {
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
    this.worker.terminate();
    this.fail('the worker was ended');
  }

  private started(): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (why: string): void => {
        this.worker.terminate();
        reject(new WorkerRefused(`the worker stopped: ${why}`));
      };
      const timer = setTimeout(() => refuse(`it did not start in ${START_LIMIT_MS} ms`), START_LIMIT_MS);
      this.begun = () => {
        clearTimeout(timer);
        resolve();
      };
      this.worker.onmessage = ({ data }) => this.hear(data);
      this.worker.onerror = (event) => {
        const why = event.message || 'its script could not be loaded';
        clearTimeout(timer);
        refuse(why);
        this.fail(`the worker stopped: ${why}`);
      };
    });
  }

  private hear(answer: FromWorker): void {
    if (answer.kind === 'started') this.begun();
    else if (answer.kind === 'failed')
      this.open.get(answer.id)?.reject(new ScorerFailed(`the model failed: ${answer.reason}`));
    else this.open.get(answer.id)?.resolve(answer);
  }

  private fail(reason: string): void {
    for (const { reject } of this.open.values()) reject(new ScorerFailed(reason));
  }
}
