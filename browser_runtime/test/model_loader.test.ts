/** When a model's worker and files are asked for: once, and at times that do not tell how busy the page is. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FileRef, Release } from '../../contracts/types';
import { FirstCalm } from '../src/lib/idle';
import type { FromWorker, ToWorker, WorkerLike } from '../src/scoring/messages';
import { ModelLoader } from '../src/scoring/model_loader';

const MODEL = 'ab'.repeat(32);
const SPEC = { version: 1, length: 4, event_types: ['view_item'], inputs: [{ name: 'item', items: 9 }] } as never;

class FakeWorker implements WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly told: string[] = [];
  ended = false;

  /** `answers`: whether its script runs. */
  constructor(
    readonly tier: string,
    private readonly answers = true,
  ) {
    if (answers) queueMicrotask(() => this.say({ kind: 'started' }));
  }

  postMessage(message: ToWorker): void {
    this.told.push(message.kind);
    if (this.answers) queueMicrotask(() => this.say({ kind: 'loaded', id: message.id, ms: 1 }));
  }

  terminate(): void {
    this.ended = true;
  }

  private say(data: FromWorker): void {
    this.onmessage?.({ data } as MessageEvent<FromWorker>);
  }
}

let workers: FakeWorker[] = [];
let asked: string[] = [];
let idle: (() => void)[] = [];
let load: (() => void)[] = [];
let running = true;

beforeEach(() => {
  [workers, asked, idle, load, running] = [[], [], [], [], true];
  vi.useFakeTimers();
  vi.stubGlobal('document', {
    visibilityState: 'visible',
    readyState: 'loading',
    addEventListener() {},
    removeEventListener() {},
  });
  vi.stubGlobal('addEventListener', (type: string, act: () => void) => type === 'load' && load.push(act));
  vi.stubGlobal('requestIdleCallback', (act: () => void) => idle.push(act)); // a busy page: nothing runs until we say so
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a model is loaded in two messages: the categories come with the catalogue', async () => {
  await loaded(loaderOf(), release());
  expect(workers.map(({ tier, told, ended }) => [tier, told, ended])).toEqual([
    ['kernel', ['load', 'categories'], false],
  ]);
});

test('a release that has nothing for the kernel asks for no script of it', async () => {
  loaderOf().prepare({ ...release(), head: null, rest: null });
  await settled();
  expect(workers.map(({ tier }) => tier)).toEqual(['onnx']);
});

test('rest is asked for 2 s after the model runs, although the page has no idle moment', async () => {
  await loaded(loaderOf(), release());
  expect(asked).toEqual(['head']);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(asked).toEqual(['head']);
  await vi.advanceTimersByTimeAsync(1);
  expect(asked).toEqual(['head', 'rest']);
});

test('a rest that is kept is read in an idle moment, and nobody is asked', async () => {
  await loaded(loaderOf(new Uint8Array(8)), release());
  await vi.advanceTimersByTimeAsync(10_000);
  expect(workers[0]?.told).toEqual(['load', 'categories']);
  for (const act of idle) act();
  await settled();
  expect(workers[0]?.told).toEqual(['load', 'categories', 'rest']);
  expect(asked).toEqual(['head']);
});

test('model and categories are sent to a worker whose script does not run yet: it keeps them', async () => {
  running = false;
  loaderOf().want({ release: release(), listed: { categories: new Uint16Array(10) }, featureSpec: SPEC });
  await settled();
  expect(workers[0]?.told).toEqual(['load', 'categories']);
});

test('where the worker is refused both are sent to the main thread', async () => {
  running = false;
  const loader = loaderOf();
  loader.want({ release: release(), listed: { categories: new Uint16Array(10) }, featureSpec: SPEC });
  await settled();
  workers[0]?.onerror?.({ message: 'refused by a policy' } as ErrorEvent);
  running = true;
  await settled();
  expect(workers.map(({ tier, told, ended }) => [tier, told, ended])).toEqual([
    ['kernel', ['load', 'categories'], true],
    ['main', ['load', 'categories'], false],
  ]);
  expect(loader.scorer).not.toBeNull();
});

test('a model waits for the first calm: an idle moment, or the end of loading', async () => {
  for (const calm of [() => idle, () => load]) {
    [workers, idle, load] = [[], [], []];
    const gate = new FirstCalm();
    gate.start();
    const loader = loaderOf(null, gate);
    loader.prepare(release());
    await settled();
    expect(workers.length).toBe(0);
    for (const act of calm()) act();
    await settled();
    expect(workers.length).toBe(1);
  }
});

test('a page that had loaded before waits for an idle moment alone', async () => {
  Object.assign(document, { readyState: 'complete' });
  const gate = new FirstCalm();
  gate.start();
  loaderOf(null, gate).prepare(release());
  await vi.advanceTimersByTimeAsync(10_000);
  expect([workers.length, load.length]).toEqual([0, 0]);
  for (const act of idle) act();
  expect(workers.length).toBe(1);
});

/** One that came already. */
function calmed(): FirstCalm {
  const gate = new FirstCalm();
  gate.start();
  for (const act of idle.splice(0)) act();
  return gate;
}

function loaderOf(kept: Uint8Array<ArrayBuffer> | null = null, calm = calmed()): ModelLoader {
  const files = {
    get: async ({ path }: FileRef) => {
      asked.push(path);
      return head();
    },
    getAt: async () => new Uint8Array(8),
    getKept: async () => kept,
  };
  const startWorker = (tier: string): FakeWorker => {
    const worker = new FakeWorker(tier, running);
    workers.push(worker);
    return worker;
  };
  const importChunk = async (): Promise<unknown> => ({ startOnMainThread: () => startWorker('main') });
  const platform = { bundleUrl: (name: string) => name, startWorker, importChunk };
  return new ModelLoader({ platform, files: files as never, calm, onState: () => {} });
}

async function loaded(loader: ModelLoader, of: Release): Promise<void> {
  loader.want({ release: of, listed: { categories: new Uint16Array(10) }, featureSpec: SPEC });
  await settled();
  expect(loader.scorer).not.toBeNull();
}

async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

function release(): Release {
  const ref = (path: string): FileRef => ({ path, sha256: path === 'model' ? MODEL : path, bytes: 8 });
  return { model: ref('model'), head: ref('head'), rest: ref('rest') } as Release;
}

/** As much of one as the page reads by itself (kernel_head.ts). */
function head(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(80);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('INTH'));
  view.setUint16(4, 1, true);
  bytes.fill(0xab, 8, 40);
  view.setUint32(40, 9, true);
  view.setUint16(46, 4, true);
  view.setUint16(74, 4, true);
  bytes.set(new TextEncoder().encode('item'), 76);
  return bytes;
}
