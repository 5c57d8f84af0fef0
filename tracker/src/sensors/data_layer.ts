/** An existing GA4 stream: `dataLayer.push({ event, ecommerce })` and `gtag('event', name, parameters)`. */

import { entriesOf } from '../data_layer';
import { ITEMS_MOST } from '../limits';
import type { Sensor } from './sensor';

export const dataLayerNamed =
  (name: string): Sensor =>
  (context) =>
    entriesOf(
      name,
      ({ 0: command, 1: named, 2: parameters, event = command === 'event' && named, ecommerce = parameters }) => {
        // Pages are seen by themselves, and a list that was sent to be shown is not seen yet: the impressions sensor says what was.
        if (event === 'view_item_list' || event === 'page_view') return;
        context.record({
          type: event === 'view_search_results' ? 'search' : event,
          items: (ecommerce?.items ?? []).slice(0, ITEMS_MOST),
        });
      },
    );

export const dataLayer = dataLayerNamed('dataLayer');
