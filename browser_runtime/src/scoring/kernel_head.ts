/** What the page reads of a model's `head` by itself (layout: browser_runtime/kernel/layout.py). */

import type { FeatureSpec } from '../../../contracts/types';
import { ScorerFailed } from '../lib/errors';

export interface HeadFacts {
  readonly dim: number;
  /** Highest index that the model knows. */
  readonly items: number;
  /** L, the most events. */
  readonly length: number;
  /** SHA-256 of the ONNX file that it was made from, hexadecimal. */
  readonly model: string;
  readonly inputs: readonly string[];
}

const NAMES_AT = 74;
const MAGIC = 'INTH';

/** Throws `ScorerFailed` unless the head was made from the release's model and reads what its feature spec gives. */
export function checkHead(facts: HeadFacts, model: string, spec: FeatureSpec): void {
  const wanted = spec.inputs.map(({ name }) => name).join();
  if (facts.model !== model)
    throw new ScorerFailed('kernel: head refused: made from another model than the release names');
  if (facts.inputs.join() !== wanted || facts.length < spec.length)
    throw new ScorerFailed(`kernel: head refused: it reads ${facts.inputs.join()}, the feature spec gives ${wanted}`);
}

/** Throws `ScorerFailed` on what is no head; the kernel checks all the rest. */
export function readHead(head: Uint8Array): HeadFacts {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (from: number, to: number): string => String.fromCharCode(...head.subarray(from, to));
  if (head.length < NAMES_AT + 2 || text(0, 4) !== MAGIC || view.getUint16(4, true) !== 1)
    throw new ScorerFailed('kernel: head refused: the file is not one of this layout');
  const names = NAMES_AT + 2 + view.getUint16(NAMES_AT, true);
  if (names > head.length) throw new ScorerFailed('kernel: head refused: the file ends too early');
  return {
    dim: view.getUint16(6, true),
    items: view.getUint32(40, true),
    length: view.getUint16(46, true),
    model: [...head.subarray(8, 40)].map((byte) => byte.toString(16).padStart(2, '0')).join(''),
    inputs: text(NAMES_AT + 2, names).split(','),
  };
}
