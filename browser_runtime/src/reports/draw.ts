/** What is drawn at the first page of an epoch, before any behaviour: which collection, and when. And the reservoir after it. */

import type { Collection, Configuration } from '../../../contracts/types';
import { type RandomBytes, uniformBelow } from './uniform';

/** Epoch of a wall-clock time, with its bounds in ms. */
export function epochAt(now_ms: number, epoch_s: number): { epoch: number; starts_ms: number; ends_ms: number } {
  const epoch = Math.floor(now_ms / (epoch_s * 1000));
  return { epoch, starts_ms: epoch * epoch_s * 1000, ends_ms: (epoch + 1) * epoch_s * 1000 };
}

/** One collection, with probability proportional to its `share`; null if there is none. */
export function drawCollection(configuration: Configuration, randomBytes: RandomBytes): Collection | null {
  const total = configuration.collections.reduce((sum, { share }) => sum + share, 0);
  if (total === 0) return null;
  let rest = uniformBelow(total, randomBytes);
  for (const collection of configuration.collections) {
    if (rest < collection.share) return collection;
    rest -= collection.share;
  }
  return null;
}

/** T in ms after the first page, uniform in [draw_min_ms, draw_max_ms]. */
export function drawDelay({ draw_min_ms, draw_max_ms }: Configuration, randomBytes: RandomBytes): number {
  return draw_min_ms + uniformBelow(draw_max_ms - draw_min_ms + 1, randomBytes);
}

export interface Reservoir {
  readonly seen: number;
  readonly value: number;
}

/** After n offers each is held with probability 1/n (Vitter 1985, algorithm R with one place). */
export function offered({ seen, value }: Reservoir, next: number, randomBytes: RandomBytes): Reservoir {
  return { seen: seen + 1, value: uniformBelow(seen + 1, randomBytes) === 0 ? next : value };
}
