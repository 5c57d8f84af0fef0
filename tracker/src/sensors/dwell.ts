/** Visible dwell on the item in view: not wall time, and nothing while the tab is hidden. */

import { DWELL_TICK_MS } from '../limits';
import { visibleTime } from '../visible_time';
import { all, type Sensor, visible } from './sensor';

export const dwell: Sensor = (context) => {
  const clock = visibleTime(context.monotonic, visible);
  let item: number | null = null;
  let viewedAt = 0;
  /** When the last act was recorded; null once its dwell is over. */
  let actAt: number | null = null;
  const elapsed = (): number => (item ? clock() - viewedAt : 0);
  const flush = (): void => {
    const now = clock();
    if (item && actAt !== null) context.session.setDwell(now - actAt);
  };
  const tick = (): void => {
    flush();
    if (item && visible()) context.signal({ kind: 'dwell', item, dwell_ms: elapsed() });
  };
  const timer = setInterval(tick, DWELL_TICK_MS);
  return all(
    () => clearInterval(timer),
    context.hook({
      before: flush,
      after(event) {
        const { viewing } = context.session.state;
        actAt = clock();
        if (event.type === 'view_item' || viewing !== item) viewedAt = actAt;
        item = viewing;
      },
      viewing(next) {
        flush();
        viewedAt = clock();
        actAt = null;
        item = next;
      },
      elapsed,
    }),
  );
};
