/** The worker: onnxruntime-web (wasm, one thread). A thin shell: bytes and integers in, floats out. It fetches nothing. */

import { env, InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import type { FromWorker, ToWorker } from './messages';

interface WorkerScope {
  onmessage: ((message: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;
let session: InferenceSession | null = null;

async function load(message: Extract<ToWorker, { kind: 'load' }>): Promise<void> {
  const began = performance.now();
  env.wasm.numThreads = 1;
  env.wasm.proxy = false;
  env.wasm.wasmBinary = message.wasm;
  env.logLevel = 'error';
  session = await InferenceSession.create(new Uint8Array(message.model), { executionProviders: ['wasm'] });
  scope.postMessage({ kind: 'loaded', id: message.id, ms: performance.now() - began });
}

async function score(message: Extract<ToWorker, { kind: 'score' }>): Promise<void> {
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
  const ms = performance.now() - began;
  scope.postMessage({ kind: 'scored', id: message.id, scores, embedding, ms }, [scores.buffer, embedding.buffer]);
}

/** The runtime may reuse its memory: what is sent is a copy. */
function copyOf(tensor: Tensor | undefined, name: string): Float32Array<ArrayBuffer> {
  if (tensor === undefined || !(tensor.data instanceof Float32Array))
    throw new Error(`the model has no float32 output ${name}`);
  return new Float32Array(tensor.data);
}

scope.onmessage = ({ data }) => {
  const act = data.kind === 'load' ? load(data) : score(data);
  act.catch((fault: unknown) => {
    scope.postMessage({ kind: 'failed', id: data.id, reason: fault instanceof Error ? fault.message : String(fault) });
  });
};
scope.postMessage({ kind: 'started' });
