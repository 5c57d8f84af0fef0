import { expect, test } from 'vitest';
import { encode, parseEvents, parseFacts, parseFeatureSpec } from '../src/features';
import { collects } from '../src/signals';
import { casesOf } from './vectors';

test('every golden case is encoded as Python encodes it', () => {
  let replayed = 0;
  for (const { about, spec, events, expected } of casesOf('features')) {
    const inputs = encode(parseFeatureSpec(spec), parseEvents(events));
    expect(Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]])), about).toEqual(
      expected,
    );
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(30);
});

test('every bad case is refused at its step', () => {
  let replayed = 0;
  for (const { about, step, spec, events } of casesOf('bad_features')) {
    if (step === 'spec') expect(() => parseFeatureSpec(spec), about).toThrow(/feature spec/);
    else {
      parseFeatureSpec(spec);
      expect(() => parseEvents(events), about).toThrow(/events/);
    }
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(17);
});

test('every golden case of version 2 is encoded as Python encodes it', () => {
  let replayed = 0;
  for (const { about, spec, events, facts, expected } of casesOf('signals')) {
    const inputs = encode(parseFeatureSpec(spec), parseEvents(events), parseFacts(facts));
    expect(Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]])), about).toEqual(
      expected,
    );
    replayed++;
  }
  expect(replayed).toBe(28);
});

test('every bad case of version 2 is refused at its step', () => {
  let replayed = 0;
  for (const { about, step, spec, facts } of casesOf('bad_signals')) {
    if (step === 'spec') expect(() => parseFeatureSpec(spec), about).toThrow(/feature spec/);
    else {
      parseFeatureSpec(spec);
      expect(() => parseFacts(facts), about).toThrow(/facts/);
    }
    replayed++;
  }
  expect(replayed).toBe(23);
});

test('only what an input reads is collected', () => {
  const [first] = casesOf('features');
  expect(collects(first.spec)).toEqual({ event_types: ['view_item'], dwell: false, facts: [] });
  const every = casesOf('signals').find(({ about }) => about.startsWith('random'));
  const { event_types, dwell, facts } = collects(every.spec);
  expect([dwell, facts.toSorted(), event_types.toSorted()]).toEqual([
    true, ['impression', 'scroll', 'skip'], ['add_to_cart', 'select_item', 'view_item'],
  ]); // biome-ignore format: one line reads better
});
