/** Exploration: now and then a place for what the model would not have put there. Pure; the seed decides. */

import type { Exploration } from '../../../contracts/types';
import { seeded } from './random';

export interface Explored {
  readonly items: number[];
  /** Items that stand where chance put them. */
  readonly chosen: ReadonlySet<number>;
}

/** In each `every`-th of the first `places`, an item drawn from the next `depth`; what it displaces moves down by one. */
export function explored(
  items: readonly number[],
  { every, depth }: Exploration,
  places: number,
  seed: number,
): Explored {
  const next = seeded(seed);
  const list = [...items];
  const chosen = new Set<number>();
  if (every === 0) return { items: list, chosen };
  for (let at = every - 1; at < Math.min(places, list.length - 1); at += every) {
    const reach = Math.min(depth, list.length - 1 - at);
    const from = at + 1 + Math.floor(next() * reach);
    const [item] = list.splice(from, 1) as [number];
    list.splice(at, 0, item);
    chosen.add(item);
  }
  return { items: list, chosen };
}
