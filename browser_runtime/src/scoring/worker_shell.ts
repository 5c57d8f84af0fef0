/** The shell of a worker: bytes and integers in, floats out. It fetches nothing. */

import type { FromWorker, ToWorker, WorkerScope } from './messages';

/** Answer each message by `act`; a fault becomes a `failed` with its sentence. */
export function serve(scope: WorkerScope, act: (message: ToWorker) => Promise<FromWorker> | FromWorker): void {
  scope.onmessage = async ({ data }) => {
    try {
      const answer = await act(data);
      const sent = answer.kind === 'scored' ? [answer.scores.buffer, answer.embedding.buffer] : [];
      scope.postMessage(answer, sent);
    } catch (fault) {
      const reason = fault instanceof Error ? fault.message : String(fault);
      scope.postMessage({ kind: 'failed', id: data.id, reason });
    }
  };
  scope.postMessage({ kind: 'started' });
}
