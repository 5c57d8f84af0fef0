/** Page views: of the document, and of each route of a single-page shop. The address is compared, and never kept. */

import { all, listen, type Sensor } from './sensor';

/** Without the Navigation API a route is looked for this long after a click, ms. */
const LOOK_MS = 100;

export const pageViews: Sensor = ({ record, root }) => {
  let shown = '';
  const look = (): void => {
    // A hash is a route only where it looks like one.
    const route = location.pathname + location.search + (location.hash.startsWith('#/') ? location.hash : '');
    if (route !== shown) record({ type: 'page_view' });
    shown = route;
  };
  look();
  const { navigation } = window as { navigation?: EventTarget };
  return all(
    navigation ? listen(navigation, 'currententrychange', look) : listen(root, 'click', () => setTimeout(look, LOOK_MS)),
    listen(window, 'popstate', look),
    // Back from the back/forward cache: seen again.
    listen(window, 'pageshow', ({ persisted }: PageTransitionEvent) => {
      if (persisted) shown = '';
      look();
    }),
  );
};
