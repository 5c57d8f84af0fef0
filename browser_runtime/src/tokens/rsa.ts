/**
 * Whole numbers for RSA with a public key. `BigInt` takes its own time for each number, so nothing here may hold a private key;
 * what it hides, the blind, is drawn for one request and never leaves the browser.
 */

import { fromHex } from '../lib/bytes';

export function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') || '0'}`);
}

/** Big-endian, exactly `length` bytes; throws `RangeError` where the number needs more. */
export function toBytes(number: bigint, length: number): Uint8Array<ArrayBuffer> {
  const digits = number.toString(16).padStart(2 * length, '0');
  if (number < 0n || digits.length > 2 * length) throw new RangeError(`a number does not fit ${length} bytes`);
  return fromHex(digits);
}

/** base^exponent mod n, by squaring. */
export function power(base: bigint, exponent: bigint, n: bigint): bigint {
  let [result, square] = [1n, base % n];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % n;
    square = (square * square) % n;
  }
  return result;
}

/** The x with a x = 1 mod n, by Euclid; throws `RangeError` where a and n share a factor. */
export function inverse(a: bigint, n: bigint): bigint {
  let [rest, next] = [n, a % n];
  let [x, y] = [0n, 1n];
  while (next > 0n) {
    const times = rest / next;
    [rest, next] = [next, rest - times * next];
    [x, y] = [y, x - times * y];
  }
  if (rest !== 1n) throw new RangeError('a number has no inverse');
  return ((x % n) + n) % n;
}
