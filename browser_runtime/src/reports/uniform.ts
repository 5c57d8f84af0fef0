/** Uniform integers from bytes: 4 bytes big-endian, rejected above the last whole multiple of n. No floating-point chance. */

const RANGE = 2 ** 32;

export type RandomBytes = (count: number) => Uint8Array;

/** Uniform in 0..n-1, for 1 <= n <= 2^32. */
export function uniformBelow(n: number, randomBytes: RandomBytes): number {
  if (!Number.isInteger(n) || n < 1 || n > RANGE) throw new RangeError(`uniformBelow: got ${n}, want 1..2^32`);
  const bound = RANGE - (RANGE % n);
  for (;;) {
    const bytes = randomBytes(4);
    const z = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    if (z < bound) return z % n;
  }
}

/** The only source of chance of a shipped bundle. */
export function systemRandomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}
