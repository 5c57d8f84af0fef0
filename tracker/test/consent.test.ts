import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decided, FULL, LOCAL, MEMORY, type Mode, modeOf, type Says, STRICT } from '../src/consent';

const mode = fc.constantFrom<Mode>(STRICT, MEMORY, LOCAL, FULL);
const said = fc.constantFrom(null, true, false);
const says: fc.Arbitrary<Says> = fc.record({
  shop: mode,
  ask: fc.boolean(),
  choice: fc.option(mode),
  gpc: fc.boolean(),
  personalization_storage: said,
  analytics_storage: said,
});

test('the least that anybody says is in force', () => {
  fc.assert(
    fc.property(says, (all) => {
      const inForce = modeOf(all);
      expect(inForce).toBeLessThanOrEqual(all.shop);
      if (all.choice !== null) expect(inForce).toBeLessThanOrEqual(all.choice);
      if (all.gpc || all.analytics_storage === false) expect(inForce).toBeLessThanOrEqual(LOCAL);
      if (all.personalization_storage === false) expect(inForce).toBe(STRICT);
      if (!decided(all)) expect(inForce).toBe(STRICT);
    }),
  );
});

test('nobody is bound by more than what was said: with all granted the shop has its most', () => {
  fc.assert(
    fc.property(mode, fc.boolean(), (shop, ask) => {
      const granted = { shop, ask, choice: null, gpc: false, personalization_storage: true, analytics_storage: true };
      expect(modeOf(granted)).toBe(shop);
      expect(modeOf({ ...granted, choice: FULL, personalization_storage: null, analytics_storage: null })).toBe(shop);
    }),
  );
});

test('a word more can only take away, but for a question that it answers', () => {
  fc.assert(
    fc.property(says, (all) => {
      const quiet = { ...all, ask: false };
      expect(modeOf(quiet)).toBeLessThanOrEqual(modeOf({ ...quiet, choice: null }));
      expect(modeOf(quiet)).toBeLessThanOrEqual(modeOf({ ...quiet, gpc: false }));
      expect(modeOf(quiet)).toBeLessThanOrEqual(modeOf({ ...quiet, personalization_storage: null }));
      expect(modeOf(quiet)).toBeLessThanOrEqual(modeOf({ ...quiet, analytics_storage: null }));
    }),
  );
});
