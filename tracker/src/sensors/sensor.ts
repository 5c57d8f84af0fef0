/** What a sensor is given, and what it gives back. */

import type { EventInput, Signal } from '../event';

export interface SensorContext {
  readonly record: (event: EventInput) => void;
  readonly signal: (signal: Signal) => void;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
}

/** Stops a sensor. */
export type Stop = () => void;

export const ITEM_ATTRIBUTE = 'data-intently-item';
export const LIST_ATTRIBUTE = 'data-intently-list';

/** Catalogue index that an element stands for, null for none. */
export function itemOf(element: Element): number | null {
  const item = Number(element.getAttribute(ITEM_ATTRIBUTE));
  return Number.isInteger(item) && item >= 1 ? item : null;
}

/** Name of the list around an element, '' for none. */
export function listOf(element: Element): string {
  return element.closest(`[${LIST_ATTRIBUTE}]`)?.getAttribute(LIST_ATTRIBUTE) ?? '';
}
