/**
 * The shipped ranker over many real sessions, for benchmarks/feedback.py: `node feedback_rank.mjs FOLDER`.
 *
 * FOLDER/about.json   {instances, candidates, hide_seen, settings: [{click_item, click_category, ...}, ...]}
 * FOLDER/items.i32    the sessions' items, one after the other; FOLDER/offsets.i32 instances + 1
 * FOLDER/candidates.i32, scores.f32   instances x candidates; 0 fills up
 * FOLDER/targets.i32, categories.i32 (by item)
 *
 * Writes for each setting a byte per instance: 1 where the target stands among the first 8. As on a product page: the last item of the
 * session is in view and never shown. `hide_seen`: of a log whose sessions hold each item once, no item of the session is shown.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { feedbackOf } from '../browser_runtime/src/ranking/feedback';
import { rank } from '../browser_runtime/src/ranking/rank';
import { NO_RULES } from '../browser_runtime/src/ranking/rules';

const COUNT = 8;
const folder = process.argv[2] as string;
const about = JSON.parse(readFileSync(join(folder, 'about.json'), 'utf8')) as {
  instances: number;
  candidates: number;
  hide_seen: boolean;
  settings: Record<string, number>[];
};
const bytes = (name: string): ArrayBuffer => new Uint8Array(readFileSync(join(folder, name))).buffer;
const [items, offsets, targets] = ['items', 'offsets', 'targets'].map(
  (name) => new Int32Array(bytes(`${name}.i32`)),
) as [Int32Array, Int32Array, Int32Array];
const [candidates, categories] = ['candidates', 'categories'].map((name) => new Int32Array(bytes(`${name}.i32`))) as [
  Int32Array,
  Int32Array,
];
const scores = new Float32Array(bytes('scores.f32'));
const categoryOf = (item: number): number => categories[item] ?? 0;
const hits = about.settings.map(() => new Uint8Array(about.instances));

for (let at = 0; at < about.instances; at++) {
  const events = [...items.subarray(offsets[at], offsets[at + 1])].map((item, time_ms) => ({
    type: 'view_item' as const,
    item,
    time_ms,
    dwell_ms: 0,
  }));
  const begin = at * about.candidates;
  const row = candidates.subarray(begin, begin + about.candidates);
  const filled = row.indexOf(0) < 0 ? row.length : row.indexOf(0);
  const feedback = feedbackOf(events, [], {}, categoryOf);
  about.settings.forEach((weights, setting) => {
    const list = rank({
      placement: 'product',
      candidates: [...row.subarray(0, filled)],
      scores: scores.subarray(begin, begin + filled),
      count: COUNT,
      pins: [],
      rules: { ...NO_RULES, feedback: { ...NO_RULES.feedback, ...weights } },
      facts: {
        availability: { issued: 0, unavailable: [], banned: [] },
        now_s: 0,
        region: null,
        age: null,
        sold: () => true,
        viewing: events.at(-1)?.item ?? null,
        cart: [],
        bought: [],
        dismissed: [],
        events,
        session_ms: 0,
        exclude: about.hide_seen ? events.map(({ item }) => item) : [],
        reorder: false,
      },
      feedback,
      categoryOf,
      origins: { poolReason: () => undefined, categoryName: String },
      seed: 1,
    });
    if (list.items.includes(targets[at] as number)) (hits[setting] as Uint8Array)[at] = 1;
  });
}
writeFileSync(join(folder, 'hits.u8'), Buffer.concat(hits));
