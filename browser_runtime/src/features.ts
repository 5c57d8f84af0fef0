/** Events to model inputs: the twin of `edge_model.features`, equal integer for integer (contracts/vectors/v1/features.json). */

import type { Event, FeatureSpec } from '../../contracts/types';
import { FEATURE_SPEC_VERSION } from './constants';
import { FeaturesRefused } from './lib/errors';

const EVENT_TYPES: ReadonlySet<unknown> = new Set([
  'view_item', 'select_item', 'view_item_list', 'add_to_cart', 'remove_from_cart', 'purchase',
  'begin_checkout',
]); // biome-ignore format: one line reads better
const LENGTH_MOST = 256;

/** Model inputs by name, each int32[T], oldest event first, 0 <= T <= `spec.length`. */
export type Inputs = Record<string, Int32Array>;

export function encode(spec: FeatureSpec, events: readonly Event[]): Inputs {
  const kept = events.filter((event) => spec.event_types.includes(event.type)).slice(-spec.length);
  return Object.fromEntries(
    spec.inputs.map((input) => [
      input.name,
      Int32Array.from(kept, (event, at) => {
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
  want(spec.version === FEATURE_SPEC_VERSION, `version ${spec.version}, this bundle knows ${FEATURE_SPEC_VERSION}`);
  want(isWhole(spec.length, 1) && spec.length <= LENGTH_MOST, `length ${spec.length}, want 1..${LENGTH_MOST}`);
  want(
    isList(spec.event_types) && spec.event_types.every((type) => EVENT_TYPES.has(type)),
    'unknown or no event types',
  );
  want(isList(spec.inputs), 'no inputs');
  for (const input of spec.inputs) parseInput(input, spec.event_types);
  const names = spec.inputs.map((input) => input.name);
  want(names[0] === 'item' && new Set(names).size === names.length, "inputs must begin with 'item', each once");
  return spec;
}

function parseInput(input: FeatureSpec['inputs'][number], types: readonly string[]): void {
  switch (input?.name) {
    case 'item':
      want(isRecord(input, ['name', 'items']) && isWhole(input.items, 1), 'item.items must be 1 or more');
      break;
    case 'event_type':
      want(
        isRecord(input, ['name', 'values']) && isList(input.values) && String(input.values) === String(types),
        'event_type.values must equal event_types',
      );
      break;
    case 'dwell_bucket':
      want(
        isRecord(input, ['name', 'edges_ms']) &&
          isList(input.edges_ms) &&
          input.edges_ms.every((edge, at) => isWhole(edge, 1) && edge > (input.edges_ms[at - 1] ?? 0)),
        'dwell_bucket.edges_ms must be positive and rise',
      );
      break;
    default:
      throw new FeaturesRefused(`feature spec: input ${JSON.stringify(input)} is unknown to this bundle`);
  }
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
