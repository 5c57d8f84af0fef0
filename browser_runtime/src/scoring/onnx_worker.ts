/** Worker of tier 3: onnxruntime-web (wasm, one thread), for models that the kernel does not compute. */

import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { FromWorker, ToWorker, WorkerScope } from './messages';
import { serve } from './worker_shell';

let session: InferenceSession | null = null;

async function load(message: Extract<ToWorker, { kind: 'load' }>): Promise<FromWorker> {
  const began = performance.now();
  env.wasm.numThreads = 1;
  env.wasm.proxy = false;
  env.wasm.wasmBinary = message.wasm;
  env.logLevel = 'error';
  session = await InferenceSession.create(new Uint8Array(message.model), { executionProviders: ['wasm'] });
  return { kind: 'loaded', id: message.id, ms: performance.now() - began };
}

async function score(message: Extract<ToWorker, { kind: 'score' }>): Promise<FromWorker> {
  if (session === null) throw new Error('no model is loaded');
  const began = performance.now();
  const feeds: Record<string, Tensor> = {
    candidates: new Tensor('int32', message.candidates, [message.candidates.length]),
  };
  for (const [name, values] of Object.entries(message.inputs))
    feeds[name] = new Tensor('int32', values, [values.length]);
  const out = await session.run(feeds);
  const scores = copyOf(out.scores, 'scores');
  const embedding = copyOf(out.session_embedding, 'session_embedding');
  const [purchase, leave] = [numberOf(out.purchase_probability), numberOf(out.leave_probability)];
  const items = new Int32Array(0);
  return { kind: 'scored', id: message.id, items, scores, embedding, purchase, leave, ms: performance.now() - began };
}

/** The runtime may reuse its memory: what is sent is a copy. */
function copyOf(tensor: Tensor | undefined, name: string): Float32Array<ArrayBuffer> {
  if (tensor === undefined || !(tensor.data instanceof Float32Array))
    throw new Error(`the model has no float32 output ${name}`);
  return new Float32Array(tensor.data);
}

function numberOf(tensor: Tensor | undefined): number | null {
  return tensor === undefined ? null : Number(tensor.data[0]);
}

serve(globalThis as unknown as WorkerScope, (message) => {
  if (message.kind === 'load') return load(message);
  if (message.kind === 'score') return score(message);
  throw new Error(`asked for ${message.kind}`);
});
