/** The page's side of the worker. */

import type { Facts, Files, FromWorker, PlanReport, Report, ToWorker } from './protocol';

type Request = Extract<ToWorker, { id: number }>;
type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A worker that is bound by the page's own Content-Security-Policy: one of a `blob:` URL inherits it, whereas one of a network
 * URL has whatever policy its response came with, which is none on a plain file server.
 */
function boundWorker(base: string): Worker {
  const source = `import ${JSON.stringify(`${base}worker.js`)};`;
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  return new Worker(address, { type: 'module' });
}

export class Engine {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #stage: (text: string) => void;
  #started: { resolve(facts: Facts): void; reject(error: Error): void } | undefined;
  #next = 0;

  /** `base`: absolute address of the console's own folder; `stage` is told what is being done. */
  constructor(base: string, stage: (text: string) => void) {
    this.#stage = stage;
    this.#worker = boundWorker(base);
    this.#worker.addEventListener('message', (event: MessageEvent<FromWorker>) => this.#hear(event.data));
    this.#worker.addEventListener('error', (event) => {
      const error = new Error(event.message || 'the worker could not be loaded; the console must be served over HTTP');
      this.#started?.reject(error);
      for (const waiting of this.#waiting.values()) waiting.reject(error);
    });
  }

  /** Start Python; several seconds. */
  start(base: string): Promise<Facts> {
    this.#worker.postMessage({ kind: 'start', base } satisfies ToWorker);
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
    });
  }

  /** Paths that the files read so far name, and that are not among them. */
  wanted(files: Files): Promise<string[]> {
    return this.#ask({ kind: 'wanted', files }) as Promise<string[]>;
  }

  /** Members of a ZIP, by path. */
  unzip(zip: Uint8Array): Promise<Files> {
    return this.#ask({ kind: 'unzip', zip }) as Promise<Files>;
  }

  /** The whole audit. `releaseKey`: hex, '' where nobody pinned one. */
  audit(files: Files, releaseKey: string): Promise<Report> {
    return this.#ask({ kind: 'audit', files, releaseKey }) as Promise<Report>;
  }

  /** What a plan in JSON would spend. */
  plan(text: string): Promise<PlanReport> {
    return this.#ask({ kind: 'plan', text }) as Promise<PlanReport>;
  }

  #ask(request: Unnumbered<Request>): Promise<unknown> {
    const id = this.#next++;
    this.#worker.postMessage({ ...request, id });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'stage') this.#stage(message.text);
    else if (message.kind === 'ready') this.#started?.resolve(message.facts);
    else if (message.kind === 'unstarted') this.#started?.reject(new Error(message.message));
    else this.#settle(message.id, message);
  }

  #settle(id: number, message: Extract<FromWorker, { kind: 'answer' | 'failed' }>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (message.kind === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.message));
  }
}
