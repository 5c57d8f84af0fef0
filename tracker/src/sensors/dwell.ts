/** Visible dwell on the item in view: not wall time, and nothing while the tab is hidden. */

import { visibleTime } from '../visible_time';
import { all, type Sensor } from './sensor';

/** How often a running dwell is said. */
export const DWELL_TICK_MS = 500;

export const dwell: Sensor = ({ session, signal, monotonic, hook }) => {
  const visible = (): boolean => document.visibilityState === 'visible';
  const clock = visibleTime(monotonic, visible);
  let item: number | null = null;
  let viewedAt = 0;
  /** When the last act was recorded; null once its dwell is over. */
  let actAt: number | null = null;
  const elapsed = (): number => (item === null ? 0 : clock() - viewedAt);
  const flush = (): void => {
    const now = clock();
    if (item !== null && actAt !== null) session.setDwell(now - actAt);
  };
  const tick = (): void => {
    flush();
    if (item !== null && visible()) signal({ kind: 'dwell', item, dwell_ms: elapsed() });
  };
  const timer = setInterval(tick, DWELL_TICK_MS);
  return all(
    () => clearInterval(timer),
    hook({
      before: flush,
      after({ type }) {
        const { viewing } = session.state;
        actAt = clock();
        if (type === 'view_item' || viewing !== item) viewedAt = actAt;
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
