/** Messages between page and worker; the same for both workers and for the kernel on the main thread. */

export type ToWorker =
  | {
      readonly kind: 'load';
      readonly id: number;
      readonly wasm: ArrayBuffer;
      /** The kernel's `head`, or an ONNX file. */
      readonly model: ArrayBuffer;
    }
  /** Category of each item by its index, 0 for none: the kernel needs them before it scores. May follow `load` at once. */
  | { readonly kind: 'categories'; readonly id: number; readonly categories: Uint16Array }
  | {
      /** The best of all items; answered with their indices. */
      readonly kind: 'top';
      readonly id: number;
      readonly inputs: Record<string, Int32Array>;
      readonly count: number;
    }
  | { readonly kind: 'rest'; readonly id: number; readonly rest: ArrayBuffer }
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
      readonly scores: Float32Array<ArrayBuffer>;
      /** Whose scores; empty where the candidates asked for are meant. */
      readonly items: Int32Array<ArrayBuffer>;
      readonly embedding: Float32Array<ArrayBuffer>;
      /** Probabilities; null where the model has no such head. */
      readonly purchase: number | null;
      readonly leave: number | null;
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

/** What a worker's global scope is to us. */
export interface WorkerScope {
  onmessage: ((message: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}
