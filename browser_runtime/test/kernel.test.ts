import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScorerFailed } from '../src/lib/errors';
import { FAULTS, Kernel } from '../src/scoring/kernel';
import { casesOf } from './vectors';

interface Session {
  readonly inputs: Record<string, number[]>;
  readonly embedding: number[];
  readonly scores: number[];
  readonly top: number[];
  readonly heads: (number | null)[];
}
interface Good {
  readonly name: string;
  readonly pool: number[];
  readonly categories: number[];
  readonly head: string;
  readonly rest: string;
  readonly sessions: Session[];
}
interface Bad {
  readonly name: string;
  readonly file: 'head' | 'rest';
  readonly fault: number;
  readonly at?: number;
  readonly bytes?: string;
  readonly truncate?: number;
  readonly append?: string;
}

const wasm = new Uint8Array(readFileSync(new URL('../kernel/intently-kernel.wasm', import.meta.url)));
const module = new WebAssembly.Module(wasm);
const good = casesOf<Good>('kernel');
const bad = casesOf<Bad>('bad_kernel');
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, 'hex'));
const first = good[0] as Good;
const read = (head: Uint8Array): Kernel => Kernel.load(module, head);
const load = (one: Good): Kernel => {
  const kernel = read(bytesOf(one.head));
  kernel.setCategories(Uint16Array.from(one.categories));
  return kernel;
};
const whole = (one: Good): Kernel => {
  const kernel = load(one);
  kernel.addRest(bytesOf(one.rest));
  return kernel;
};
const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, at) => Math.abs(value - (b[at] as number))));

function edited(file: Uint8Array<ArrayBuffer>, edit: Bad): Uint8Array<ArrayBuffer> {
  if (edit.truncate !== undefined) return file.slice(0, edit.truncate);
  if (edit.append !== undefined) return new Uint8Array([...file, ...bytesOf(edit.append)]);
  const copy = file.slice();
  copy.set(bytesOf(edit.bytes as string), edit.at);
  return copy;
}

describe('the module', () => {
  it('asks for nothing and exports what the page calls', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    const names = WebAssembly.Module.exports(module).map(({ name }) => name);
    expect(names.sort()).toEqual(
      [
        'best',
        'best_items',
        'embed',
        'input',
        'list',
        'load_categories',
        'load_head',
        'load_rest',
        'memory',
        'output',
        'reserve',
        'score',
      ].sort(),
    );
  });
});

describe('golden vectors', () => {
  it('are all here', () => {
    expect(good.length).toBe(3);
    expect(bad.length).toBe(22);
    expect(good.flatMap(({ sessions }) => sessions).length).toBe(14);
  });

  for (const one of good)
    it(`${one.name}: answers as onnxruntime`, () => {
      const kernel = whole(one);
      const all = Int32Array.from({ length: kernel.facts.items }, (_, at) => at + 1);
      for (const session of one.sessions) {
        kernel.embed(session.inputs);
        expect(far(kernel.embedding(), session.embedding)).toBeLessThan(1e-5);
        expect(far(kernel.score(all), session.scores)).toBeLessThan(1e-4);
        expect([...kernel.best('all', 20).items]).toEqual(session.top);
        expect([...kernel.best('list', 20).items]).toEqual(session.top);
        const heads = [kernel.purchaseProbability(), kernel.leaveProbability()];
        expect(heads.map((value) => value === null)).toEqual(session.heads.map((value) => value === null));
        expect(far(heads.map(Number), session.heads.map(Number))).toBeLessThan(1e-5);
      }
    });

  it('a step for each event is what a full run gives, bit for bit', () => {
    const { inputs } = first.sessions.at(-1) as Session;
    const stepped = whole(first);
    const events = inputs.item?.length as number;
    for (let upTo = 1; upTo <= events; upTo++) {
      const prefix = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.slice(0, upTo)]));
      stepped.embed(prefix);
      const fresh = whole(first);
      fresh.embed(prefix);
      expect(stepped.embedding()).toEqual(fresh.embedding());
    }
  });

  for (const edit of bad)
    it(`refuses: ${edit.name}`, () => {
      const kernel = load(first);
      const refused = (): void => {
        if (edit.file === 'rest') kernel.addRest(edited(bytesOf(first.rest), edit));
        else read(edited(bytesOf(first.head), edit));
      };
      expect(refused).toThrow(new ScorerFailed(`kernel: ${edit.file} refused: ${FAULTS[edit.fault]}`));
      kernel.embed({ item: [2], event_type: [0], dwell_bucket: [0] });
      expect(kernel.best('head', 5).items.length).toBe(5); // what was there before goes on
    });
});

describe('order', () => {
  it('a head without its categories answers nothing, and takes them once', () => {
    const kernel = read(bytesOf(first.head));
    const session = { item: [2], event_type: [0], dwell_bucket: [0] };
    expect(() => kernel.embed(session)).toThrow(ScorerFailed);
    expect(() => kernel.addRest(bytesOf(first.rest))).toThrow(/asked in the wrong order/);
    kernel.setCategories(Uint16Array.from(first.categories));
    expect(() => kernel.setCategories(new Uint16Array(1))).toThrow(/asked in the wrong order/);
    kernel.embed(session);
    const whole = load(first);
    whole.embed(session);
    expect(kernel.best('all', 20)).toEqual(whole.best('all', 20));
  });
});

describe('shapes', () => {
  it('that fit one event and not the most are refused with the head', () => {
    const head = bytesOf(first.head);
    const view = new DataView(head.buffer);
    const u16 = (at: number): number => view.getUint16(at, true);
    let at = 76 + u16(74); // behind the names of the inputs
    for (let left = u16(58); left > 0; left--) at += 6 + u16(at + 2) * u16(at + 4) * (u16(at) ? 2 : 4);
    while (u16(at) !== 0) at += 20; // to the first GATHER_ITEM, which gives a row for each event
    view.setUint16(66, u16(at + 2), true); // as the embedding
    expect(() => read(head)).toThrow('kernel: head refused: shapes of the model do not fit');
  });

  it('whose check computed nothing leave no state: the session that it ran is then computed', () => {
    const nothing = { item: [0, 0, 0], event_type: [0, 0, 0], dwell_bucket: [0, 0, 0] };
    const [fresh, used] = [load(first), load(first)];
    used.embed({ item: [2], event_type: [1], dwell_bucket: [0] });
    for (const kernel of [fresh, used]) kernel.embed(nothing);
    expect(fresh.embedding()).toEqual(used.embedding());
  });
});

describe('head alone', () => {
  it('scores its own items as the whole model does, where the session holds only such', () => {
    const [alone, both] = [load(first), whole(first)];
    const session = { item: [2, 5], event_type: [1, 2], dwell_bucket: [0, 3] };
    const pool = Int32Array.from(first.pool);
    for (const kernel of [alone, both]) kernel.embed(session);
    expect(alone.score(pool)).toEqual(both.score(pool));
    expect([...alone.best('head', 256).items].sort((a, b) => a - b)).toEqual([...pool]);
  });

  it('gives items that it lacks the vector of their category', () => {
    const kernel = load(first);
    kernel.embed({ item: [3], event_type: [0], dwell_bucket: [0] });
    const lacking = first.categories.flatMap((category, item) =>
      item > 0 && item !== 3 && category === 2 && !first.pool.includes(item) ? [item] : [],
    );
    expect(lacking.length).toBeGreaterThan(1);
    expect(new Set(kernel.score(Int32Array.from(lacking))).size).toBe(1);
  });

  it('breaks ties by the lower index', () => {
    const kernel = load(first);
    kernel.embed({ item: [2], event_type: [0], dwell_bucket: [0] });
    const { items, scores } = kernel.best('all', 60);
    for (let at = 1; at < items.length; at++) {
      const [before, after] = [scores[at - 1] as number, scores[at] as number];
      expect(before > after || (before === after && (items[at - 1] as number) < (items[at] as number))).toBe(true);
    }
  });
});

describe('what the page may ask', () => {
  const kernel = whole(first);
  it.each([
    ['no event', { item: [], event_type: [], dwell_bucket: [] }],
    [
      'more than L',
      { item: [1, 1, 1, 1, 1, 1, 1], event_type: [0, 0, 0, 0, 0, 0, 0], dwell_bucket: [0, 0, 0, 0, 0, 0, 0] },
    ],
    ['an item beyond', { item: [61], event_type: [0], dwell_bucket: [0] }],
    ['a negative item', { item: [-1], event_type: [0], dwell_bucket: [0] }],
    ['half an item', { item: [1.5], event_type: [0], dwell_bucket: [0] }],
    ['no number', { item: [Number.NaN], event_type: [0], dwell_bucket: [0] }],
    ['a bucket beyond', { item: [1], event_type: [6], dwell_bucket: [0] }],
    ['an input left out', { item: [1], event_type: [0] }],
  ])('refuses a session with %s', (_, inputs) => {
    expect(() => kernel.embed(inputs as Record<string, number[]>)).toThrow(ScorerFailed);
  });
  it('refuses candidates that are no items, and goes on', () => {
    kernel.embed({ item: [1], event_type: [0], dwell_bucket: [0] });
    for (const wrong of [[61], [-1], Array.from({ length: 62 }, () => 1)])
      expect(() => kernel.score(Int32Array.from(wrong))).toThrow(ScorerFailed);
    expect(kernel.score(Int32Array.from([1, 2])).length).toBe(2);
  });
});

describe('damaged files', () => {
  const head = bytesOf(first.head);
  const rest = bytesOf(first.rest);
  const session = { item: [2, 5], event_type: [1, 2], dwell_bucket: [0, 3] };
  /** Refused with our own error, or taken and then harmless. */
  const survives = (file: 'head' | 'rest', bytes: Uint8Array<ArrayBuffer>): void => {
    try {
      const kernel = file === 'head' ? read(bytes) : load(first);
      if (file === 'head') kernel.setCategories(Uint16Array.from(first.categories));
      else kernel.addRest(bytes);
      kernel.embed(session);
      kernel.best('all', 20);
    } catch (fault) {
      expect(fault).toBeInstanceOf(ScorerFailed);
      expect(String(fault)).not.toMatch(/RuntimeError/); // no trap
    }
  };
  for (const [name, file] of [
    ['head', head],
    ['rest', rest],
  ] as const) {
    it(`${name}: bits flipped`, () => {
      const flips = fc.array(fc.nat(file.length * 8 - 1), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(flips, (bits) => {
          const copy = file.slice();
          for (const bit of bits) copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
          survives(name, copy);
        }),
        { numRuns: 300, seed: 4 },
      );
    });
    it(`${name}: cut anywhere is refused`, () => {
      fc.assert(
        fc.property(fc.nat(file.length - 1), (length) => {
          const cut = file.slice(0, length);
          const taking = (): unknown => (name === 'head' ? read(cut) : load(first).addRest(cut));
          expect(taking).toThrow(ScorerFailed);
        }),
        { numRuns: 200, seed: 4 },
      );
    });
    it(`${name}: longer than it says is refused`, () => {
      const longer = new Uint8Array(file.length + 1_000_000);
      longer.set(file);
      const taking = (): unknown => (name === 'head' ? read(longer) : load(first).addRest(longer));
      expect(taking).toThrow(ScorerFailed);
    });
  }
  it('header and program rewritten at random', () => {
    fc.assert(
      fc.property(fc.nat(head.length - 5), fc.uint8Array({ minLength: 1, maxLength: 5 }), (at, bytes) => {
        const copy = head.slice();
        copy.set(bytes, Math.min(at, at % 2 ? 100 : at)); // half of them in the header
        survives('head', copy);
      }),
      { numRuns: 300, seed: 5 },
    );
  });
});
