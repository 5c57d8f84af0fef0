/** Sizes and privacy loss of the two mechanisms, from their integers alone (twin of privacy.mechanisms). */

import type { Collection } from '../../../contracts/types';
import { MICRO } from '../constants';

export type Mechanism = Collection['mechanism'];

/** Offsets that a report's c may have: q, or k = d + 1. */
export function modulusOf(collection: Collection): number {
  return collection.mechanism.kind === 'affine_point' ? collection.mechanism.q : collection.domain_size + 1;
}

/** Directions of F_q^D up to scale, (q^D - 1) / (q - 1); 1 for k-ary response. */
export function directionsOf(mechanism: Mechanism): number {
  if (mechanism.kind === 'k_ary') return 1;
  let directions = 0;
  for (let power = 0; power < mechanism.dimension; power++) directions = directions * mechanism.q + 1;
  return directions;
}

/** Different messages; a report's field holds 2^32. */
export function messagesOf(collection: Collection): number {
  return directionsOf(collection.mechanism) * modulusOf(collection);
}

/** Sum of all weights, w + v (modulus - 1). */
export function weightOf(collection: Collection): number {
  const { w, v } = collection.mechanism;
  return w + v * (modulusOf(collection) - 1);
}

/** ln(w / v) in millionths, rounded up: the local privacy loss of one report. */
export function epsilonMicroOf(mechanism: Mechanism): number {
  return Math.ceil(MICRO * Math.log(mechanism.w / mechanism.v));
}

export function isPrime(n: number): boolean {
  if (!Number.isInteger(n) || n < 2) return false;
  for (let factor = 2; factor * factor <= n; factor++) if (n % factor === 0) return false;
  return true;
}
