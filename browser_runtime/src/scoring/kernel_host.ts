/** The kernel behind messages: in the worker, or on the main thread where workers are refused. */

import { Kernel } from './kernel';
import type { FromWorker, ToWorker } from './messages';

export class KernelHost {
  private kernel: Kernel | null = null;
  /** Compiled while the catalogue, which has the categories, is still on its way. */
  private waiting: { readonly module: WebAssembly.Module; readonly head: Uint8Array } | null = null;

  async answer(message: ToWorker): Promise<FromWorker> {
    const began = performance.now();
    const { id } = message;
    switch (message.kind) {
      case 'load': {
        const module = await WebAssembly.compile(message.wasm);
        this.waiting = { module, head: new Uint8Array(message.model) };
        return { kind: 'loaded', id, ms: performance.now() - began };
      }
      case 'categories': {
        if (this.waiting === null) throw new Error('no model is loaded');
        this.kernel = Kernel.load(this.waiting.module, this.waiting.head, message.categories);
        this.waiting = null;
        return { kind: 'loaded', id, ms: performance.now() - began };
      }
      case 'rest':
        this.loaded.addRest(new Uint8Array(message.rest));
        return { kind: 'loaded', id, ms: performance.now() - began };
      case 'score':
      case 'top': {
        const kernel = this.loaded;
        kernel.embed(message.inputs);
        const { items, scores } =
          message.kind === 'top'
            ? kernel.best('all', message.count)
            : { items: new Int32Array(0), scores: kernel.score(message.candidates) };
        const [purchase, leave] = [kernel.purchaseProbability(), kernel.leaveProbability()];
        const embedding = kernel.embedding();
        return { kind: 'scored', id, items, scores, embedding, purchase, leave, ms: performance.now() - began };
      }
    }
  }

  private get loaded(): Kernel {
    if (this.kernel === null) throw new Error('no model is loaded');
    return this.kernel;
  }
}
