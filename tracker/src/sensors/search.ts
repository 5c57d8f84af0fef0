/** Searches: that one was sent, never its words. */

import { listen, type Sensor } from './sensor';

export const searches: Sensor = (context) =>
  listen(context.root, 'submit', (event: Event) => {
    if ((event.target as Element).matches('form[role=search],search form,form:has(input[type=search])'))
      context.record({ type: 'search' });
  });
