/** Worker of tier 2: the kernel, and nothing of onnxruntime. */

import { KernelHost } from './kernel_host';
import type { WorkerScope } from './messages';
import { serve } from './worker_shell';

const host = new KernelHost();
serve(globalThis as unknown as WorkerScope, (message) => host.answer(message));
