import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UpdateRefused } from '../src/lib/errors';
import { withRetries } from '../src/lib/retries';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const failing = (times: number, fault: Error) => {
  let tried = 0;
  return vi.fn(async () => {
    if (tried++ < times) throw fault;
    return 'here';
  });
};

test('what did not get through is tried again after 2, 10 and 40 s, and then no more', async () => {
  const at: number[] = [];
  const began = Date.now();
  const transfer = vi.fn(async () => {
    at.push((Date.now() - began) / 1000);
    throw new TypeError('offline');
  });
  const told = withRetries(transfer, () => true).catch(String);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(await told).toBe('TypeError: offline');
  expect(at).toEqual([0, 2, 10, 40]);
});

test('one that gets through in the end is the answer', async () => {
  const transfer = failing(2, new TypeError('offline'));
  const told = withRetries(transfer, () => true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await told).toBe('here');
  expect(transfer).toHaveBeenCalledTimes(3);
});

test('a wrong hash or a file that is not there is not asked for again', async () => {
  const transfer = failing(1, new UpdateRefused('has hash'));
  await expect(withRetries(transfer, () => true)).rejects.toThrow('has hash');
  expect(transfer).toHaveBeenCalledTimes(1);
});

test('nor is one that nobody wants any more', async () => {
  let wanted = true;
  const transfer = failing(9, new TypeError('offline'));
  const told = withRetries(transfer, () => wanted).catch(String);
  wanted = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await told).toMatch(/offline|given up/);
  expect(transfer).toHaveBeenCalledTimes(1);
});
