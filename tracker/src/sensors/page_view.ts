/** Page views: of the document, and of each route of a single-page shop. The address is compared, and never kept. */

import { SETTLE_MS } from '../limits';
import { all, listen, type Sensor } from './sensor';

export const pageViews: Sensor = (context) => {
  let shown = '';
  const look = (): void => {
    // A hash is a route only where it looks like one.
    const route = location.pathname + location.search + (location.hash.startsWith('#/') ? location.hash : '');
    if (route !== shown) context.record({ type: 'page_view' });
    shown = route;
  };
  look();
  const { navigation } = window as { navigation?: EventTarget };
  return all(
    // Without the Navigation API a route is looked for a little after each click.
    navigation
      ? listen(navigation, 'currententrychange', look)
      : listen(context.root, 'click', () => setTimeout(look, SETTLE_MS)),
    listen(window, 'popstate', look),
    // Back from the back/forward cache: seen again.
    listen(window, 'pageshow', (event: PageTransitionEvent) => {
      if (event.persisted) shown = '';
      look();
    }),
  );
};
