/** Clicks: on an element that stands for an item a `select_item`, with its list and position; any is counted. */

import { hit, itemOf, listen, placeOf, type Sensor, SKU_ATTRIBUTE } from './sensor';

export const clicks: Sensor = (context) =>
  listen(context.root, 'click', (event: Event) => {
    context.signal({ kind: 'click' });
    const element = hit(event);
    if (!element) return;
    const item = itemOf(element, context.resolve);
    const item_id = item ?? element.getAttribute(SKU_ATTRIBUTE);
    if (item_id) context.record({ type: 'select_item', items: [{ item_id }] });
    if (item) context.signal({ kind: 'choice', item, ...placeOf(element) });
  });
