import { expect, test } from 'vitest';
import { depthOf } from '../src/sensors/scroll';
import { VisibleTime } from '../src/visible_time';

test('hidden time does not count', () => {
  let now = 0;
  const clock = new VisibleTime(() => now, true);
  now = 100;
  clock.setVisible(false);
  now = 5000;
  expect(clock.elapsed()).toBe(100);
  clock.setVisible(false);
  clock.setVisible(true);
  now = 5050;
  expect(clock.elapsed()).toBe(150);
  clock.setVisible(true);
  expect(clock.elapsed()).toBe(150);
});

test('scroll depth is the lower edge of what was seen', () => {
  expect(depthOf(0, 500, 1000)).toBe(0.5);
  expect(depthOf(600, 500, 1000)).toBe(1);
  expect(depthOf(0, 500, 0)).toBe(1);
});
