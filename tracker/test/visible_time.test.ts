import { expect, test } from 'vitest';
import { seenShare } from '../src/sensors/scroll';
import { visibleTime } from '../src/visible_time';

test('hidden time does not count', () => {
  let now = 0;
  let visible = true;
  const elapsed = visibleTime(
    () => now,
    () => visible,
  );
  const turn = (): number => {
    visible = !visible;
    return elapsed();
  };
  now = 100;
  turn();
  now = 5000;
  expect(elapsed()).toBe(100);
  turn();
  now = 5050;
  expect(elapsed()).toBe(150);
});

test('scroll depth is the lower edge of what was seen', () => {
  expect(seenShare(0, 1000, 500)).toBe(0.5);
  expect(seenShare(-600, 1000, 500)).toBe(1);
  expect(seenShare(600, 1000, 500)).toBe(0);
  expect(seenShare(0, 0, 500)).toBe(1);
});
