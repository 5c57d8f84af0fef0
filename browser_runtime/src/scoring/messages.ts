/** Messages between page and worker. */

export type ToWorker =
  | { readonly kind: 'load'; readonly id: number; readonly wasm: ArrayBuffer; readonly model: ArrayBuffer }
  | {
      readonly kind: 'score';
      readonly id: number;
      readonly inputs: Record<string, Int32Array>;
      readonly candidates: Int32Array;
    };

export type FromWorker =
  /** The worker's script runs. */
  | { readonly kind: 'started' }
  | { readonly kind: 'loaded'; readonly id: number; readonly ms: number }
  | {
      readonly kind: 'scored';
      readonly id: number;
      readonly scores: Float32Array;
      readonly embedding: Float32Array;
      /** The model's run, ms. */
      readonly ms: number;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };

/** What is used of a Worker. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker, transfer?: Transferable[]): void;
  terminate(): void;
}
