/** Clicks: on an element that stands for an item a `select_item`, with its list and position; any is counted. */

import { hit, itemOf, listen, placeOf, type Sensor, SKU_ATTRIBUTE } from './sensor';

export const clicks: Sensor = ({ root, record, signal, resolve }) =>
  listen(root, 'click', (event: Event) => {
    signal({ kind: 'click' });
    const element = hit(event);
    if (!element) return;
    const item = itemOf(element, resolve);
    const item_id = item ?? element.getAttribute(SKU_ATTRIBUTE);
    if (item_id) record({ type: 'select_item', items: [{ item_id }] });
    if (item) signal({ kind: 'choice', item, ...placeOf(element) });
  });
