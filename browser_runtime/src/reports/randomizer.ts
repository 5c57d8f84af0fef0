/**
 * The local randomizers (twin of privacy.randomizer; contracts/vectors/v1/randomizer.json).
 *
 * affine_point  value x -> point p of F_q^D; direction a uniform; c = <a, p>; message = index(a) * q + (c + offset) mod q
 * k_ary         message = (x + offset) mod (d + 1)
 * offset        u uniform in [0, w + v (m - 1)), m the modulus: 0 if u < w, else 1 + (u - w) div v
 *
 * P(offset 0) = w / (w + v (m - 1)), any other v / (w + v (m - 1)): for any two values and any message the ratio is at most
 * w : v, so epsilon = ln(w / v) exactly. All arithmetic is on integers below 2^53.
 */

import type { AffinePointMechanism, Collection } from '../../../contracts/types';
import { directionsOf, modulusOf, weightOf } from './mechanism';
import { type RandomBytes, uniformBelow } from './uniform';

/** The message of `value` in 0..domain_size, 0 for NONE; throws `RangeError` beyond. */
export function randomize(collection: Collection, value: number, randomBytes: RandomBytes): number {
  if (!Number.isInteger(value) || value < 0 || value > collection.domain_size) {
    throw new RangeError(`value: got ${value}, want 0..${collection.domain_size}`);
  }
  const { mechanism } = collection;
  const modulus = modulusOf(collection);
  if (mechanism.kind === 'k_ary') return (value + offset(collection, randomBytes)) % modulus;
  const direction = uniformBelow(directionsOf(mechanism), randomBytes);
  const c = inner(directionAt(mechanism, direction), pointOf(mechanism, value), mechanism.q);
  return direction * mechanism.q + ((c + offset(collection, randomBytes)) % modulus);
}

function offset(collection: Collection, randomBytes: RandomBytes): number {
  const { w, v } = collection.mechanism;
  const u = uniformBelow(weightOf(collection), randomBytes);
  return u < w ? 0 : 1 + Math.floor((u - w) / v);
}

/** Value x -> (t_1, ..., t_{D-1}, sum c_i t_i^2 + s) with x's digits t_1, t_2, ..., s to base q, s the most significant. */
export function pointOf({ q, dimension }: AffinePointMechanism, value: number): number[] {
  const point: number[] = [];
  let rest = value;
  let bent = 0;
  for (let i = 1; i < dimension; i++) {
    const t = rest % q;
    rest = Math.floor(rest / q);
    point.push(t);
    bent = (bent + (1 + ((i - 1) % (q - 1))) * ((t * t) % q)) % q;
  }
  point.push((bent + rest) % q);
  return point;
}

/** The direction numbered `index`: leading 1 at position j, j = 0 first, then digits to base q, the most significant first. */
export function directionAt({ q, dimension }: AffinePointMechanism, index: number): number[] {
  let rest = index;
  for (let lead = 0; lead < dimension; lead++) {
    const block = q ** (dimension - 1 - lead);
    if (rest >= block) {
      rest -= block;
      continue;
    }
    const direction = new Array<number>(dimension).fill(0);
    direction[lead] = 1;
    for (let at = dimension - 1; at > lead; at--) {
      direction[at] = rest % q;
      rest = Math.floor(rest / q);
    }
    return direction;
  }
  throw new RangeError(
    `direction: got ${index}, want below ${directionsOf({ kind: 'affine_point', q, dimension, w: 2, v: 1 })}`,
  );
}

export function inner(a: readonly number[], p: readonly number[], q: number): number {
  return a.reduce((sum, x, at) => (sum + x * (p[at] as number)) % q, 0);
}

/** Larger domains are not enumerated on a shopper's device. */
const COUNTED_MOST = 250_000;

/** How many values of 0..domain_size have `message` among their likelier answers: who sees it cannot tell these apart. 0: not counted. */
export function supportersOf(collection: Collection, message: number): number {
  const { mechanism } = collection;
  if (collection.domain_size > COUNTED_MOST) return 0;
  if (mechanism.kind === 'k_ary') return 1;
  const direction = directionAt(mechanism, Math.floor(message / mechanism.q));
  const c = message % mechanism.q;
  let supporters = 0;
  for (let value = 0; value <= collection.domain_size; value++) {
    if (inner(direction, pointOf(mechanism, value), mechanism.q) === c) supporters++;
  }
  return supporters;
}
