/** Events (and facts, in version 2) to model inputs: the twin of `edge_model.features`, equal integer for integer (contracts/vectors/v1/features.json). */

import type { Event, Fact, FeatureSpec, Series, SignalInput } from '../../contracts/types';
import { FEATURE_SPEC_VERSIONS } from './constants';
import { FeaturesRefused } from './lib/errors';
import { levels, timeLine } from './signals';

const EVENT_TYPES: ReadonlySet<unknown> = new Set([
  'view_item', 'select_item', 'view_item_list', 'add_to_cart', 'remove_from_cart', 'purchase',
  'begin_checkout',
]); // biome-ignore format: one line reads better
const FACT_KINDS: ReadonlySet<unknown> = new Set(['scroll', 'impression', 'skip']);
const LENGTH_MOST = 256;

/** Model inputs by name, each int32[T], oldest event first, 0 <= T <= `spec.length`. */
export type Inputs = Record<string, Int32Array>;

export function encode(spec: FeatureSpec, events: readonly Event[], facts: readonly Fact[] = []): Inputs {
  const kept = events.filter((event) => spec.event_types.includes(event.type)).slice(-spec.length);
  const entries = spec.version === 2 ? timeLine(spec, events, facts) : [];
  return Object.fromEntries(
    spec.inputs.map((input) => [
      input.name,
      'of' in input
        ? Int32Array.from(levels(spec, input, entries).slice(-spec.length))
        : Int32Array.from(kept, (event, at) => {
            switch (input.name) {
              case 'item':
                return event.item <= input.items ? event.item : 0;
              case 'event_type':
                return input.values.indexOf(event.type);
              case 'dwell_bucket': // the last event's dwell is not known yet
                return at === kept.length - 1 ? 0 : input.edges_ms.filter((edge) => event.dwell_ms >= edge).length;
            }
          }),
    ]),
  );
}

/** A spec that this bundle can encode; throws `FeaturesRefused`. */
export function parseFeatureSpec(document: unknown): FeatureSpec {
  const spec = document as FeatureSpec;
  want(isRecord(spec, ['version', 'length', 'event_types', 'inputs']), 'has other fields than this bundle knows');
  want(FEATURE_SPEC_VERSIONS.includes(spec.version), `version ${spec.version}, want one of ${FEATURE_SPEC_VERSIONS}`);
  want(isWhole(spec.length, 1) && spec.length <= LENGTH_MOST, `length ${spec.length}, want 1..${LENGTH_MOST}`);
  want(
    isList(spec.event_types) && spec.event_types.every((type) => EVENT_TYPES.has(type)),
    'unknown or no event types',
  );
  want(isList(spec.inputs), 'no inputs');
  for (const input of spec.inputs) parseInput(input, spec.event_types, spec.version);
  const names = spec.inputs.map((input) => input.name);
  want(names[0] === 'item' && new Set(names).size === names.length, "inputs must begin with 'item', each once");
  return spec;
}

function parseInput(input: FeatureSpec['inputs'][number], types: readonly string[], version: number): void {
  if (version > 1 && input && 'of' in input) {
    parseSignal(input);
    return;
  }
  const known = input as Exclude<typeof input, SignalInput>;
  switch (known?.name) {
    case 'item':
      want(isRecord(known, ['name', 'items']) && isWhole(known.items, 1), 'item.items must be 1 or more');
      break;
    case 'event_type':
      want(
        isRecord(known, ['name', 'values']) && isList(known.values) && String(known.values) === String(types),
        'event_type.values must equal event_types',
      );
      break;
    case 'dwell_bucket':
      want(
        isRecord(known, ['name', 'edges_ms']) &&
          isList(known.edges_ms) &&
          known.edges_ms.every((edge, at) => isWhole(edge, 1) && edge > (known.edges_ms[at - 1] ?? 0)),
        'dwell_bucket.edges_ms must be positive and rise',
      );
      break;
    default:
      throw new FeaturesRefused(`feature spec: input ${JSON.stringify(input)} is unknown to this bundle`);
  }
}

function parseSignal(input: SignalInput): void {
  const { name, of, per, window, decay, edges } = input;
  want(isRecord(input, ['name', 'of', 'per', 'window', 'decay', 'edges']), `${name}: a signal has other fields`);
  want(typeof name === 'string' && /^signal_[a-z0-9_]{1,40}$/.test(name), `${name}: not a signal's name`);
  for (const series of per === null ? [of] : [of, per]) parseSeries(name, series);
  want(isWhole(window, 1) && window <= LENGTH_MOST, `${name}.window must be 1..${LENGTH_MOST}`);
  want(typeof decay === 'number' && decay > 0 && decay <= 1, `${name}.decay must be above 0 and at most 1`);
  want(
    isList(edges) &&
      edges.length <= 63 &&
      edges.every((edge, at) => Number.isFinite(edge) && edge > (edges[at - 1] ?? 0)),
    `${name}.edges must be positive and rise`,
  );
}

function parseSeries(name: string, series: Series): void {
  want(isRecord(series, ['signal', 'types', 'same_item']), `${name}: a series has other fields`);
  const { signal, types, same_item } = series;
  const ofEvents = signal === 'event' || signal === 'dwell_ms';
  want(ofEvents || FACT_KINDS.has(signal), `${name}: unknown signal ${signal}`);
  want(
    Array.isArray(types) && types.length > 0 === ofEvents && types.every((type) => EVENT_TYPES.has(type)),
    `${name}: types must name event types for event and dwell_ms, and be empty for others`,
  );
  want(typeof same_item === 'boolean', `${name}.same_item must be true or false`);
}

/** Facts as the contract has them; throws `FeaturesRefused`. */
export function parseFacts(documents: readonly unknown[]): Fact[] {
  return documents.map((document) => {
    const fact = document as Fact;
    want(isRecord(fact, ['kind', 'item', 'time_ms', 'percent']), 'a fact has other fields', 'facts');
    want(FACT_KINDS.has(fact.kind), `unknown fact ${fact.kind}`, 'facts');
    want(
      isWhole(fact.item, 1) && isWhole(fact.time_ms, 0) && isWhole(fact.percent, 0) && fact.percent <= 100,
      'a fact is out of range',
      'facts',
    );
    return fact;
  });
}

/** Events as the contract has them; throws `FeaturesRefused`. */
export function parseEvents(documents: readonly unknown[]): Event[] {
  return documents.map((document) => {
    const event = document as Event;
    want(isRecord(event, ['type', 'item', 'time_ms', 'dwell_ms']), 'an event has other fields', 'events');
    want(EVENT_TYPES.has(event.type), `unknown event type ${event.type}`, 'events');
    want(
      isWhole(event.item, 1) && isWhole(event.time_ms, 0) && isWhole(event.dwell_ms, 0),
      'an event is out of range',
      'events',
    );
    return event;
  });
}

function want(holds: boolean, sentence: string, what = 'feature spec'): void {
  if (!holds) throw new FeaturesRefused(`${what}: ${sentence}`);
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function isRecord(value: unknown, fields: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).toSorted().join() === fields.toSorted().join();
}
