/** Searches: that one was sent, never its words. */

import { listen, type Sensor } from './sensor';

const SEARCH = 'form[role=search],search form,form:has(input[type=search])';

export const searches: Sensor = ({ root, record }) =>
  listen(root, 'submit', (event: Event) => {
    if ((event.target as Element).matches(SEARCH)) record({ type: 'search' });
  });
