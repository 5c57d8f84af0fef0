/**
 * The scoring kernel: a wasm module of a few kB with no imports (browser_runtime/kernel), one instance for each model.
 *
 * Every refusal of its is a `ScorerFailed`; a trap, which its checks should make impossible, becomes one too.
 */

import { ScorerFailed } from '../lib/errors';
import { type HeadFacts, readHead } from './kernel_head';

/** Why the kernel refused, by its number (kernel/memory.h). */
export const FAULTS = [
  'nothing',
  'no memory left under its ceiling of 24 MB',
  'the file ends too early',
  'the file goes on behind its end',
  'the file is not one of this layout',
  'a size in the file is out of range',
  'an instruction reads what is not there',
  'shapes of the model do not fit',
  'a number is out of range or not finite',
  'head and rest are of different models',
  'asked in the wrong order',
] as const;

/** The kernel's exports; addresses are byte offsets. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  reserve(bytes: number): number;
  load_head(file: number, bytes: number): number;
  load_categories(categories: number, known: number): number;
  load_rest(file: number, bytes: number): number;
  input(at: number): number;
  embed(events: number): number;
  output(which: number): number;
  list(length: number): number;
  score(length: number): number;
  best(scope: number, count: number): number;
  best_items(): number;
}

/** What `best` looks through. */
export const SCOPES = { all: 0, head: 1, list: 2 } as const;

export interface Best {
  readonly items: Int32Array<ArrayBuffer>;
  readonly scores: Float32Array<ArrayBuffer>;
}

export class Kernel {
  private constructor(
    private readonly wasm: Exports,
    /** What `head` says of itself. */
    readonly facts: HeadFacts,
  ) {}

  /** A model from its `head`, which scores once it has the categories. Throws `ScorerFailed`. */
  static load(module: WebAssembly.Module, head: Uint8Array): Kernel {
    return guarded(() => {
      const facts = readHead(head);
      const wasm = new WebAssembly.Instance(module).exports as unknown as Exports;
      check('head', wasm.load_head(place(wasm, head), head.length));
      return new Kernel(wasm, facts);
    });
  }

  /** `categories[i]`: category of item i, 0 for none; an item that the head lacks has its category's vector. Throws `ScorerFailed`. */
  setCategories(categories: Uint16Array): void {
    guarded(() => {
      const bytes = new Uint8Array(categories.buffer, categories.byteOffset, categories.byteLength);
      check('categories', this.wasm.load_categories(place(this.wasm, bytes), categories.length));
    });
  }

  /** The other items' rows; where they are refused, the head goes on as before. Throws `ScorerFailed`. */
  addRest(rest: Uint8Array): void {
    guarded(() => check('rest', this.wasm.load_rest(place(this.wasm, rest), rest.length)));
  }

  /** Read a session, oldest event first; all inputs of one length T, 1 <= T <= L. Throws `ScorerFailed`. */
  embed(inputs: Readonly<Record<string, ArrayLike<number>>>): void {
    guarded(() => {
      const events = inputs.item?.length ?? 0;
      this.facts.inputs.forEach((name, at) => {
        const values = inputs[name];
        if (values === undefined || values.length !== events || events > this.facts.length)
          throw new ScorerFailed(`kernel: input ${name} has ${values?.length ?? 'no'} entries, want ${events}`);
        this.floats(this.wasm.input(at), events).set(values);
      });
      check('session', this.wasm.embed(events));
    });
  }

  /** Unit length. */
  embedding(): Float32Array<ArrayBuffer> {
    return this.floats(this.wasm.output(0), this.facts.dim).slice();
  }

  /** Probability of a purchase in this session; null where the model has no such head. */
  purchaseProbability(): number | null {
    return this.single(2);
  }

  /** Probability that this event is the last; null where the model has no such head. */
  leaveProbability(): number | null {
    return this.single(3);
  }

  /** Exact scores of `candidates` in their order. Throws `ScorerFailed`. */
  score(candidates: Int32Array): Float32Array<ArrayBuffer> {
    return guarded(() => {
      const at = this.wasm.list(candidates.length);
      if (at === 0) throw new ScorerFailed(`kernel: ${candidates.length} candidates are more than the model has items`);
      new Int32Array(this.wasm.memory.buffer, at, candidates.length).set(candidates);
      const scores = this.wasm.score(candidates.length);
      if (scores === 0) throw new ScorerFailed('kernel: a candidate is no item of the model');
      return this.floats(scores, candidates.length).slice();
    });
  }

  /** The `count` best, at most 512, score descending, then index ascending. Throws `ScorerFailed`. */
  best(scope: keyof typeof SCOPES, count: number): Best {
    return guarded(() => {
      const found = this.wasm.best(SCOPES[scope], count);
      const at = this.wasm.best_items();
      const scores = new Float32Array(found);
      const items = new Int32Array(found);
      const both = new DataView(this.wasm.memory.buffer, at, found * 8);
      for (let i = 0; i < found; i++) {
        scores[i] = both.getFloat32(8 * i, true);
        items[i] = both.getUint32(8 * i + 4, true);
      }
      return { items, scores };
    });
  }

  /** Memory of this instance, bytes. */
  get bytes(): number {
    return this.wasm.memory.buffer.byteLength;
  }

  private single(which: number): number | null {
    const at = this.wasm.output(which);
    return at === 0 ? null : (this.floats(at, 1)[0] as number);
  }

  private floats(at: number, length: number): Float32Array<ArrayBuffer> {
    if (at === 0) throw new ScorerFailed('kernel: asked before a session was read');
    return new Float32Array(this.wasm.memory.buffer as ArrayBuffer, at, length);
  }
}

function place(wasm: Exports, bytes: Uint8Array): number {
  const at = wasm.reserve(Math.max(bytes.length, 1));
  if (at === 0) throw new ScorerFailed(`kernel: ${FAULTS[1]}`);
  new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
  return at;
}

function check(what: string, fault: number): void {
  if (fault !== 0) throw new ScorerFailed(`kernel: ${what} refused: ${FAULTS[fault] ?? `fault ${fault}`}`);
}

function guarded<T>(act: () => T): T {
  try {
    return act();
  } catch (fault) {
    throw fault instanceof ScorerFailed ? fault : new ScorerFailed(`kernel: ${String(fault)}`);
  }
}
