/** Clicks on `data-intently-item`: a `select_item` each, through open shadow roots too. */

import { ITEM_ATTRIBUTE, itemOf, type SensorContext, type Stop } from './sensor';

export function clicks(root: EventTarget, context: SensorContext): Stop {
  const heard = (event: globalThis.Event): void => {
    const item = clickedItem(event);
    if (item !== null) context.record({ type: 'select_item', item });
  };
  root.addEventListener('click', heard, { capture: true, passive: true });
  return () => root.removeEventListener('click', heard, { capture: true });
}

/** Item of the innermost element that stands for one. A control inside a card says that it is none by `data-intently-item=""`. */
export function clickedItem(event: globalThis.Event): number | null {
  const hit = event.composedPath().find((node) => node instanceof Element && node.hasAttribute(ITEM_ATTRIBUTE));
  return hit instanceof Element ? itemOf(hit) : null;
}
