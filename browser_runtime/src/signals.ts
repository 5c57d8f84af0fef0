/** Signals of a feature spec of version 2: the twin of `edge_model.signals`, equal bit for bit (only +, * and / on doubles). */

import type { Event, EventType, Fact, FactKind, FeatureSpec, Series, SignalInput } from '../../contracts/types';

type Entry = { readonly what: Event | Fact; readonly isEvent: boolean; readonly step: number };

/** What some input reads; a browser notices nothing else. */
export interface Collected {
  readonly event_types: readonly EventType[];
  readonly dwell: boolean;
  readonly facts: readonly FactKind[];
}

export function collects(spec: FeatureSpec): Collected {
  const series = spec.inputs.flatMap((input) => ('of' in input ? [input.of, ...(input.per ? [input.per] : [])] : []));
  const facts = series.flatMap(({ signal }) => (signal === 'event' || signal === 'dwell_ms' ? [] : [signal]));
  return {
    event_types: [...new Set([...spec.event_types, ...series.flatMap((each) => each.types)])],
    dwell:
      series.some(({ signal }) => signal === 'dwell_ms') || spec.inputs.some(({ name }) => name === 'dwell_bucket'),
    facts: [...new Set(facts)],
  };
}

/** Events and facts by time, of equal time facts first; both must stand in order of time. */
export function timeLine(spec: FeatureSpec, events: readonly Event[], facts: readonly Fact[]): Entry[] {
  const entries: Entry[] = [];
  let step = 0;
  let next = 0;
  for (const event of events) {
    for (let fact = facts[next]; fact && fact.time_ms <= event.time_ms; fact = facts[++next])
      entries.push({ what: fact, isEvent: false, step });
    entries.push({ what: event, isEvent: true, step });
    if (spec.event_types.includes(event.type)) step++;
  }
  return entries;
}

/** Number of edges reached at each event of the sequence, oldest first. */
export function levels(spec: FeatureSpec, input: SignalInput, entries: readonly Entry[]): number[] {
  return entries.flatMap(({ what, isEvent }, at) => {
    if (!isEvent || !spec.event_types.includes((what as Event).type)) return [];
    let value = decayedSum(input, input.of, entries, at);
    if (input.per) {
      const below = decayedSum(input, input.per, entries, at);
      value = below !== 0 ? value / below : 0;
    }
    return [input.edges.filter((edge) => value >= edge).length];
  });
}

/** The sum at entry `last`, oldest entry first. */
function decayedSum(input: SignalInput, series: Series, entries: readonly Entry[], last: number): number {
  const { what: now, step: end } = entries[last] as Entry;
  let first = last;
  while (first > 0 && (entries[first - 1] as Entry).step > end - input.window) first--;
  let total = 0;
  for (let at = first; at <= last; at++) {
    const entry = entries[at] as Entry;
    if (at > first && (entries[at - 1] as Entry).step !== entry.step) total *= input.decay;
    if (!series.same_item || entry.what.item === now.item) total += amount(series, entry, at === last);
  }
  return total;
}

function amount(series: Series, { what, isEvent }: Entry, isLast: boolean): number {
  if (!isEvent) {
    const fact = what as Fact;
    return fact.kind !== series.signal ? 0 : fact.kind === 'scroll' ? fact.percent : 1;
  }
  const event = what as Event;
  if (!series.types.includes(event.type)) return 0;
  if (series.signal === 'event') return 1;
  return series.signal === 'dwell_ms' && !isLast ? event.dwell_ms : 0;
}
