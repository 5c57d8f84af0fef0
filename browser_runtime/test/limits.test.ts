import { expect, test } from 'vitest';
import { checkConfiguration } from '../src/reports/limits';
import { casesOf } from './vectors';

test('a configuration beyond the bundle is refused, whoever signed it', () => {
  let replayed = 0;
  const seen = { accepted: 0, refused: 0 };
  for (const { why, demo_bundle, accepted, configuration } of casesOf('limits')) {
    const pinned = {
      releaseKey: '',
      shop: configuration.shop,
      demo: demo_bundle,
      version: '0',
      cards: 'page' as const,
    };
    const check = (): void => checkConfiguration(configuration, pinned);
    if (accepted) expect(check, why).not.toThrow();
    else expect(check, why).toThrow(/configuration refused, no report is sent/);
    seen[accepted ? 'accepted' : 'refused']++;
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(14);
  expect(seen.accepted).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});
