/** Runs the built kernel over a folder of sessions (kernel/parity.py): asked.json, sessions.json, head, rest in; told.json out. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kernel } from '../src/scoring/kernel';

interface Asked {
  readonly wasm: string;
  readonly count: number;
  readonly categories: readonly number[];
  readonly rest: boolean;
}

const folder = process.argv[2] as string;
const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder, name)));
const json = <T>(name: string): T => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;

const asked = json<Asked>('asked.json');
const kernel = Kernel.load(new WebAssembly.Module(new Uint8Array(readFileSync(asked.wasm))), read('head'));
kernel.setCategories(Uint16Array.from(asked.categories));
if (asked.rest) kernel.addRest(read('rest'));

const told = {
  items: [] as number[][],
  scores: [] as number[][],
  embeddings: [] as number[][],
  heads: [] as (number | null)[][],
  times_ms: { embed: [] as number[], best: [] as number[] },
};
for (const session of json<Record<string, number[]>[]>('sessions.json')) {
  const began = performance.now();
  kernel.embed(session);
  const embedded = performance.now();
  const best = kernel.best('all', asked.count);
  told.times_ms.best.push(performance.now() - embedded);
  told.times_ms.embed.push(embedded - began);
  told.items.push([...best.items]);
  told.scores.push([...best.scores]);
  told.embeddings.push([...kernel.embedding()]);
  told.heads.push([kernel.purchaseProbability(), kernel.leaveProbability()]);
}
writeFileSync(join(folder, 'told.json'), JSON.stringify(told));
