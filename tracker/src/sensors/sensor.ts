/** The plug-in interface: what a sensor is given, and what it gives back. */

import type { Event, EventInput, Signal } from '../event';
import { SETTLE_MS } from '../limits';
import type { Session } from '../session';

/** Stops a sensor. */
export type Stop = () => void;

/** Called as events are recorded, whoever says them; a sensor that measures between events listens here. */
export interface Hooks {
  /** An act (no impression) is about to be recorded, or the page to be hidden or shown. */
  readonly before?: () => void;
  /** An act was recorded. */
  readonly after?: (event: Event) => void;
  /** The page says that it shows another item, or none. */
  readonly viewing?: (item: number | null) => void;
  /** Visible ms on the item in view so far. */
  readonly elapsed?: () => number;
}

export interface SensorContext {
  /** Record an event. The same from another sensor within `SAME_MS` is taken for one. */
  readonly record: (event: EventInput) => void;
  readonly signal: (signal: Signal) => void;
  /** Say which item the page shows. */
  readonly view: (item: number | null) => void;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly session: Session;
  /** Catalogue index of a SKU; null where the catalogue has none, or is not there yet. */
  readonly resolve: (id: string) => number | null;
  readonly hook: (hooks: Hooks) => Stop;
  /** Where to look for marked elements. */
  readonly root: ParentNode & Node;
}

/** Starts watching; must not throw, block or keep anything after it was stopped. */
export type Sensor = (context: SensorContext) => Stop;

export const ITEM_ATTRIBUTE = 'data-intently-item';
export const SKU_ATTRIBUTE = 'data-intently-sku';
export const LIST_ATTRIBUTE = 'data-intently-list';
/** Elements that stand for an item. */
export const MARKED = `[${ITEM_ATTRIBUTE}],[${SKU_ATTRIBUTE}]`;

type Resolve = SensorContext['resolve'];

/** Whether something is a catalogue index: they count from 1. */
export function isItem(item: unknown): item is number {
  return Number.isInteger(item) && (item as number) > 0;
}

/** Catalogue index that an element stands for, null for none. */
export function itemOf(element: Element, resolve: Resolve): number | null {
  const sku = element.getAttribute(SKU_ATTRIBUTE);
  const item = sku ? resolve(sku) : Number(element.getAttribute(ITEM_ATTRIBUTE));
  return isItem(item) ? item : null;
}

/** The innermost element of what was clicked, through open shadow roots too. A control inside a card says that it is none by `data-intently-item=""`. */
export function hit(event: globalThis.Event, selector = MARKED): Element | undefined {
  return (event.composedPath() as Element[]).find((node) => node.matches?.(selector));
}

/** Where an element stands: name of the list around it ('' for none), and its place among its siblings, from 0. */
export function placeOf(element: Element): { readonly list: string; readonly position: number } {
  let position = -1;
  for (let at: Element | null = element; at; at = at.previousElementSibling) position++;
  return { list: element.closest(`[${LIST_ATTRIBUTE}]`)?.getAttribute(LIST_ATTRIBUTE) ?? '', position };
}

/** Whether the page is in view. */
export function visible(): boolean {
  return document.visibilityState === 'visible';
}

/** Listen, in the capturing phase; returns what stops. */
export function listen(target: EventTarget, type: string, heard: (event: never) => void): Stop {
  target.addEventListener(type, heard as EventListener, true);
  return () => target.removeEventListener(type, heard as EventListener, true);
}

/** The product that a page shows by one sort of markup: a `view_item` each time `find` gives another id; none is shown where it gives nothing. */
export function shows(context: SensorContext, attribute: string, find: () => string | number | null | undefined): Stop {
  let shown: string | number = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    timer = undefined;
    const item_id = find() || '';
    if (item_id === shown) return;
    shown = item_id;
    if (item_id) context.record({ type: 'view_item', items: [{ item_id }] });
    else context.view(null);
  };
  const unwatch = mutated(context.root, [attribute], () => {
    timer ??= setTimeout(look, SETTLE_MS);
  });
  look();
  return all(unwatch, () => clearTimeout(timer));
}

/** Call `heard` after changes below `root`: of elements, and of the attributes named. */
export function mutated(root: Node, attributeFilter: string[], heard: MutationCallback): Stop {
  const observer = new MutationObserver(heard);
  observer.observe(root, { subtree: true, childList: true, attributeFilter });
  return () => observer.disconnect();
}

/** One stop of several. */
export function all(...stops: Stop[]): Stop {
  return () => {
    for (const stop of stops) stop();
  };
}
