/** When a model's worker and files are asked for: once, and at times that do not tell how busy the page is. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FileRef, Release } from '../../contracts/types';
import type { FromWorker, ToWorker, WorkerLike } from '../src/scoring/messages';
import { ModelLoader } from '../src/scoring/model_loader';

const MODEL = 'ab'.repeat(32);
const SPEC = { version: 1, length: 4, event_types: ['view_item'], inputs: [{ name: 'item', items: 9 }] } as never;

class FakeWorker implements WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly told: string[] = [];
  ended = false;

  constructor(readonly tier: string) {
    queueMicrotask(() => this.say({ kind: 'started' }));
  }

  postMessage(message: ToWorker): void {
    this.told.push(message.kind);
    queueMicrotask(() => this.say({ kind: 'loaded', id: message.id, ms: 1 }));
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

beforeEach(() => {
  [workers, asked, idle] = [[], [], []];
  vi.useFakeTimers();
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener() {}, removeEventListener() {} });
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

function loaderOf(kept: Uint8Array<ArrayBuffer> | null = null): ModelLoader {
  const files = {
    get: async ({ path }: FileRef) => {
      asked.push(path);
      return head();
    },
    getAt: async () => new Uint8Array(8),
    getKept: async () => kept,
  };
  const startWorker = (tier: string): FakeWorker => {
    const worker = new FakeWorker(tier);
    workers.push(worker);
    return worker;
  };
  const platform = { bundleUrl: (name: string) => name, startWorker, importChunk: () => Promise.reject(new Error()) };
  return new ModelLoader({ platform, files: files as never, eager: false, wasIdle: () => true, onState: () => {} });
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
