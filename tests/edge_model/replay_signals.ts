/** Encodes every prefix of a file of sessions and prints how many and the SHA-256 of all integers; run by test_signals.py. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encode, parseFeatureSpec } from '../../browser_runtime/src/features';
import type { Event, EventType } from '../../contracts/types';

const work = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as {
  spec: unknown;
  types: EventType[];
  prefixes: number;
  offsets: number[];
  rows: number[];
};
const spec = parseFeatureSpec(work.spec);
const hash = createHash('sha256');
let count = 0;
for (let session = 0; session + 1 < work.offsets.length && count < work.prefixes; session++) {
  const events: Event[] = [];
  const begin = work.offsets[session] as number;
  for (let at = begin; at < (work.offsets[session + 1] as number) && count < work.prefixes; at++) {
    const [kind, item, dwell_ms] = work.rows.slice(3 * at, 3 * at + 3) as [number, number, number];
    const type = work.types[kind] as EventType;
    events.push({ type, item, time_ms: at - begin, dwell_ms });
    if (!spec.event_types.includes(type)) continue;
    for (const values of Object.values(encode(spec, events))) hash.update(new Uint8Array(values.buffer));
    count++;
  }
}
console.log(count, hash.digest('hex'));
