/** Worker of tier 2: the kernel, and nothing of onnxruntime. */

import { KernelHost } from './kernel_host';
import type { WorkerScope } from './messages';
import { serve } from './worker_shell';

const host = new KernelHost();
serve(globalThis as unknown as WorkerScope, (message) => host.answer(message));

// A process's first number format takes 10 to 20 ms, here beside the page's thread: the one that draws prices then finds it ready.
new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
