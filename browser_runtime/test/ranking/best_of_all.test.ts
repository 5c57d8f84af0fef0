/** Short lists out of a large catalogue come from the kernel's best, and equal those that sorting everything gives. */

import { expect, it } from 'vitest';
import type { RankOptions } from '../../src/api';
import { Lists, type ListsParts } from '../../src/ranking/lists';
import type { Scorer } from '../../src/scoring/scorer';

const ITEMS = 3_000;
const scoreOf = (item: number): number => Math.sin(item * 12.9898) * 10;
const everything = Array.from({ length: ITEMS }, (_, at) => at + 1);
const byScore = everything.toSorted((a, b) => scoreOf(b) - scoreOf(a) || a - b);

function lists(unavailable: readonly number[]) {
  const asked = { all: 0, top: 0 };
  const answer = { embedding: new Float32Array(1), purchase: null, leave: null, modelMs: 0 };
  const featureSpec = { version: 1, length: 4, event_types: ['view_item'], inputs: [{ name: 'item', items: ITEMS }] };
  const scorer = {
    tier: 'kernel', model: '', loadMs: 0, featureSpec, dispose() {}, addRest: async () => {},
    score: async (_: unknown, candidates: Int32Array) => {
      asked.all++;
      return { ...answer, scores: Float32Array.from(candidates, scoreOf) };
    },
    top: async (_: unknown, count: number) => {
      asked.top++;
      const items = Int32Array.from(byScore.slice(0, count));
      return { ...answer, items, scores: Float32Array.from(items, scoreOf) };
    },
  } as unknown as Scorer; // biome-ignore format: one line reads better
  const held = {
    candidates: everything, poolReasons: new Map(), market: null,
    listed: { categories: new Uint16Array(everything.length + 1), categoryName: () => '' },
    configuration: {}, manifest: { availability: { issued: 0, unavailable, banned: [] } },
  }; // biome-ignore format: one line reads better
  const event = { type: 'view_item', item: 7, time_ms: 0, dwell_ms: 0 };
  const made = new Lists({
    now: () => 0, monotonic: () => 0, seed: () => 1, shopper: { region: null, age: null }, onFault: (fault: unknown) => { throw fault; },
    session: () => ({ viewing: null, cart: [], events: [event], facts: [], started_ms: 0 }),
    memory: () => ({ bought: new Set(), dismissed: [], skips: new Map() }), held: () => held, scorer: () => scorer,
  } as unknown as ListsParts); // biome-ignore format: one line reads better
  return { asked, rank: (options: RankOptions) => made.rank(everything, options) };
}

it('a short list asks for the best alone and is the list of a full sort', async () => {
  const { asked, rank } = lists([byScore[1] as number]);
  const { items, tier } = await rank({ count: 8 });
  expect(tier).toBe('kernel');
  expect(asked).toEqual({ all: 0, top: 1 });
  const full = (await rank({ count: 200 })).items.slice(0, 8);
  expect(asked.all).toBe(1);
  expect(items).toEqual(full);
});

it('where filters leave too few of the best, everything is scored', async () => {
  const { asked, rank } = lists(byScore.slice(0, 510));
  const { items } = await rank({ count: 8 });
  expect(asked).toEqual({ all: 1, top: 1 });
  expect(items.length).toBe(8);
  expect(items).not.toContain(byScore[0]);
});

it('a pinned item stands in its place though it is far from the best', async () => {
  const far = byScore.at(-1) as number;
  const { asked, rank } = lists([]);
  expect((await rank({ count: 8, pins: [{ item: far, position: 2 }] })).items[1]).toBe(far);
  expect(asked.all).toBe(0);
});
