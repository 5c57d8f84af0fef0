/** Pins: items that the shop holds at a place. Pure. */

import type { Pin } from '../../../contracts/types';

/**
 * The first `count` of `items` with each pin at its position; in a list too short for that, pins beyond its end follow the items.
 * `items` holds no pinned item, and no two pins one position.
 */
export function withPins(items: readonly number[], pins: readonly Pin[], count: number): number[] {
  const inOrder = pins.filter(({ position }) => position <= count).toSorted((a, b) => a.position - b.position);
  const kept = items.slice(0, Math.max(0, count - inOrder.length));
  const length = kept.length + inOrder.length;
  const list = [...kept, ...inOrder.filter(({ position }) => position > length).map(({ item }) => item)];
  for (const { item, position } of inOrder) if (position <= length) list.splice(position - 1, 0, item);
  return list;
}
