/** The lazy chunk `intently-kernel.js`: the kernel on the main thread, for pages that refuse workers. A run takes a fraction of a ms. */

import { KernelHost } from './kernel_host';
import type { FromWorker, ToWorker, WorkerLike } from './messages';
import { serve } from './worker_shell';

export { Kernel } from './kernel';

/** Something that answers as the kernel's worker does. */
export function startOnMainThread(): WorkerLike {
  const host = new KernelHost();
  let ended = false;
  const worker: WorkerLike = {
    onmessage: null,
    onerror: null,
    postMessage: (message) => scope.onmessage?.({ data: message } as MessageEvent<ToWorker>),
    terminate: () => {
      ended = true;
    },
  };
  const tell = (data: FromWorker): void => {
    if (!ended) worker.onmessage?.({ data } as MessageEvent<FromWorker>);
  };
  const scope = {
    onmessage: null as ((message: MessageEvent<ToWorker>) => void) | null,
    postMessage: (answer: FromWorker) => queueMicrotask(() => tell(answer)),
  };
  serve(scope, (message) => host.answer(message));
  return worker;
}
