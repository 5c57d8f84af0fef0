/** What no event of the session holds: skips, "not interested", what was bought. Pure steps from one state to the next. */

import type { Event } from '../../../contracts/types';
import type { CategoryOf, Dismissed, Remembered } from './feedback';

export const NOTHING_REMEMBERED: Remembered = { skips: {}, dismissed: [], bought: [] };

/** Lists that hold nothing of a dismissed category, whatever the shopper opens meanwhile. */
export const LISTS_WITHOUT = 3;
const REMEMBERED_MOST = 1000;

/** The item was in view and something else was chosen, or nothing. */
export function afterSkip(memory: Remembered, item: number): Remembered {
  const known = Object.keys(memory.skips).length;
  if (known >= REMEMBERED_MOST && memory.skips[item] === undefined) return memory;
  return { ...memory, skips: { ...memory.skips, [item]: (memory.skips[item] ?? 0) + 1 } };
}

/** "Not interested" in an item: it and its category go. */
export function afterDismissal(memory: Remembered, item: number, category: number): Remembered {
  const dismissed: Dismissed = { item, category, lists: 0, over: false };
  return { ...memory, dismissed: [...memory.dismissed, dismissed].slice(-REMEMBERED_MOST) };
}

/** Lists were shown. */
export function afterLists(memory: Remembered, count = 1): Remembered {
  if (memory.dismissed.every(({ over }) => over)) return memory;
  return { ...memory, dismissed: memory.dismissed.map((one) => ({ ...one, lists: one.lists + count })) };
}

/** A purchase is remembered, a skipped item that is chosen is forgiven, and so is a category that the shopper opens again. */
export function afterEvent(memory: Remembered, { type, item }: Event, categoryOf: CategoryOf): Remembered {
  if (type === 'purchase') return { ...memory, bought: [...new Set([...memory.bought, item])].slice(-REMEMBERED_MOST) };
  if (type !== 'view_item' && type !== 'select_item') return memory;
  const { [item]: _, ...skips } = memory.skips;
  const again = (one: Dismissed): boolean => one.category === categoryOf(item) && one.lists >= LISTS_WITHOUT;
  const dismissed = memory.dismissed.map((one) => (again(one) ? { ...one, over: true } : one));
  return { ...memory, skips, dismissed };
}

/** Storage can be edited by anything on the page: what is no memory is none. */
export function restored(text: string | null): Remembered {
  try {
    const memory = JSON.parse(text ?? 'null') as Remembered;
    return isMemory(memory) ? memory : NOTHING_REMEMBERED;
  } catch {
    return NOTHING_REMEMBERED;
  }
}

function isMemory(memory: Remembered): boolean {
  const whole = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
  const list = (value: unknown, holds: (entry: never) => boolean): boolean =>
    Array.isArray(value) && value.length <= REMEMBERED_MOST && value.every((entry) => holds(entry as never));
  return (
    Object.entries(memory.skips).every(([item, count]) => whole(Number(item)) && whole(count)) &&
    list(memory.bought, whole) &&
    list(
      memory.dismissed,
      (one: Dismissed) => [one.item, one.category, one.lists].every(whole) && typeof one.over === 'boolean',
    )
  );
}
