/** The kernel behind messages: in the worker, or on the main thread where workers are refused. */

import { Kernel } from './kernel';
import type { FromWorker, ToWorker } from './messages';

export class KernelHost {
  /** Reads its model; what is asked meanwhile waits for it. */
  private reading: Promise<Kernel> | null = null;
  private kernel: Kernel | null = null;

  async answer(message: ToWorker): Promise<FromWorker> {
    const { id } = message;
    const read = message.kind === 'categories' ? await this.reading : null;
    const began = performance.now();
    switch (message.kind) {
      case 'load':
        this.reading = WebAssembly.compile(message.wasm).then((wasm) =>
          Kernel.load(wasm, new Uint8Array(message.model)),
        );
        await this.reading;
        return { kind: 'loaded', id, ms: performance.now() - began };
      case 'categories':
        if (read === null) throw new Error('no model is loaded');
        read.setCategories(message.categories);
        this.kernel = read;
        return { kind: 'loaded', id, ms: performance.now() - began };
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
