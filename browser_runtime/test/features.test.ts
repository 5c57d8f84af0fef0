import { expect, test } from 'vitest';
import { encode, parseEvents, parseFeatureSpec } from '../src/features';
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
