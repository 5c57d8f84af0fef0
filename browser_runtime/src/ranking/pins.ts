/** Pins: items that the shop holds at a place. Pure. */

import type { Pin } from '../../../contracts/types';

/** The first `count` of `items` with each pin at its position, or at the end of a shorter list. `items` holds no pinned item. */
export function withPins(items: readonly number[], pins: readonly Pin[], count: number): number[] {
  const inOrder = pins.filter(({ position }) => position <= count).toSorted((a, b) => a.position - b.position);
  const list = items.slice(0, Math.max(0, count - inOrder.length));
  for (const { item, position } of inOrder) list.splice(Math.min(position - 1, list.length), 0, item);
  return list;
}
