/**
 * Acts from markup: `data-intently-view="42"` (or empty beside `data-intently-sku`) on the element that shows a product;
 * `data-intently-act="add_to_cart"` on a control, for the item around it or else the item in view.
 */

import type { EventInput } from '../event';
import { all, hit, itemOf, listen, MARKED, type Sensor, SKU_ATTRIBUTE, shows } from './sensor';

export const VIEW_ATTRIBUTE = 'data-intently-view';
export const ACT_ATTRIBUTE = 'data-intently-act';

export const attributes: Sensor = (context) => {
  return all(
    shows(context, VIEW_ATTRIBUTE, () => {
      const element = context.root.querySelector(`[${VIEW_ATTRIBUTE}]`);
      return Number(element?.getAttribute(VIEW_ATTRIBUTE)) || element?.getAttribute(SKU_ATTRIBUTE);
    }),
    listen(context.root, 'click', (event: Event) => {
      const control = hit(event, `[${ACT_ATTRIBUTE}]`);
      const around = control?.closest(MARKED);
      const item = (around && itemOf(around, context.resolve)) ?? context.session.state.viewing;
      if (control && item) context.record({ type: control.getAttribute(ACT_ATTRIBUTE) as EventInput['type'], item });
    }),
  );
};
