/** Quick backs: an item was opened and left again by the back button within seconds. */

import { QUICK_BACK_MS } from '../limits';
import { all, listen, type Sensor } from './sensor';

export const quickBacks: Sensor = (context) => {
  /** Time of the view that was last judged: a second look at it says nothing new. */
  let judged = 0;
  const wentBack = (): void => {
    const { state } = context.session;
    const view = state.events.findLast(({ type }) => type === 'view_item' || type === 'select_item');
    const at = view ? state.started_ms + view.time_ms : 0;
    if (at !== judged && Date.now() - at < QUICK_BACK_MS) context.signal({ kind: 'quick_back' });
    judged = at;
  };
  const [entry] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  if (entry?.type === 'back_forward') wentBack();
  return all(
    listen(window, 'popstate', wentBack),
    listen(window, 'pageshow', (event: PageTransitionEvent) => event.persisted && wentBack()),
  );
};
