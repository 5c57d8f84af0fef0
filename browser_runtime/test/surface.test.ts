import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as surface from '../src/index';

const ROOT = new URL('../../', import.meta.url).pathname;

function sourcesOf(folder: string): [string, string][] {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return names.map((name) => [`${folder}/${name}`, readFileSync(join(ROOT, folder, name), 'utf8')]);
}

test('the public surface is this and no more', () => {
  expect(Object.keys(surface).toSorted()).toEqual([
    'IntentlyPrivacy',
    'IntentlyRecs',
    'createIntently',
    'currentIntently',
  ]);
});

/** All that a file imports, of ours by path and of others by name; types are no code. */
function reached(entry: string): Set<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const source = readFileSync(join(ROOT, 'browser_runtime/src', file), 'utf8');
    for (const [, path = ''] of source.matchAll(/^(?:import|export) (?!type )[^;]*? from '([^']+)'/gm)) {
      if (!path.startsWith('.')) seen.add(path);
      else if (path.includes('tracker')) seen.add('tracker');
      else visit(join(file, '..', `${path}.ts`));
    }
  };
  visit(entry);
  return seen;
}

test('before the page is idle there is the shell alone', () => {
  const seen = reached('index.ts');
  expect([...seen].filter((file) => file.includes('/')).toSorted()).toEqual([
    'elements/dom.ts',
    'elements/privacy.ts',
    'elements/recs.ts',
    'elements/recs_style.ts',
    'lib/bundle_url.ts',
    'lib/emitter.ts',
    'lib/idle.ts',
    'lib/nothing.ts',
  ]);
  expect(seen.has('tracker'), 'the tracker is part of the runtime').toBe(false);
});

test('sealing and the lens are reached by their lazy chunks alone', () => {
  const lazy = [
    'elements/lens.ts',
    'reports/reporter.ts',
    'reports/seal.ts',
    'reports/entry.ts',
    'onnxruntime-web',
    '@hpke/core',
  ];
  const seen = reached('core.ts');
  expect(seen.size).toBeGreaterThan(20);
  for (const file of lazy) expect(seen.has(file), file).toBe(false);
});

test('the tracker imports nothing of the runtime, and scoring fetches nothing but through files with hashes', () => {
  for (const [name, source] of sourcesOf('tracker/src')) expect(source.includes('browser_runtime'), name).toBe(false);
  for (const [name, source] of sourcesOf('browser_runtime/src/scoring')) expect(source, name).not.toMatch(/\bfetch\(/);
});

test('chance comes from crypto.getRandomValues alone, and no markup from strings', () => {
  const sources = sourcesOf('browser_runtime/src');
  expect(sources.length).toBeGreaterThan(40);
  for (const [name, source] of sources) {
    expect(source, name).not.toMatch(/Math\.random|innerHTML|outerHTML|insertAdjacentHTML|document\.write\(|\beval\(/);
    if (!/(platform|reports\/uniform)\.ts$/.test(name)) expect(source, name).not.toContain('getRandomValues');
  }
});

test('without a pinned key nothing starts, and nothing throws', async () => {
  const intently = surface.createIntently({
    root: null,
    baseUrl: 'https://shop.test/intently',
    platform: { indexedDB: null, caches: null, sessionStorage: null, importChunk: () => import('../src/core') },
  });
  expect(await intently.ready).toBe(false);
  intently.record({ type: 'view_item', item: 1 });
  intently.record(null as never);
  expect((await intently.rank([3, 1, 2])).items).toEqual([3, 2]);
  expect(intently.snapshot().status.notes[0]).toMatch(/pins no release key/);
  intently.dispose();
});

test('where the runtime cannot be loaded, lists stand in the order given, and the status says why', async () => {
  const refused = () => Promise.reject(new TypeError('blocked by the page'));
  const intently = surface.createIntently({ eager: true, platform: { importChunk: refused } });
  intently.setCart([2]);
  intently.record({ type: 'view_item', item: 1 });
  expect((await intently.rank([3, 1, 2, 3, 4], { exclude: [4] })).items).toEqual([3]);
  expect(await intently.ready).toBe(false);
  expect(intently.snapshot().status.notes[0]).toMatch(/could not be loaded .*blocked by the page/);
  await intently.poll();
  intently.dispose();
});

test('disposed of before the runtime came, nothing starts', async () => {
  let loaded = 0;
  const intently = surface.createIntently({ platform: { importChunk: () => Promise.resolve(loaded++) } });
  intently.dispose();
  expect(await intently.ready).toBe(false);
  expect(loaded).toBe(0);
});
