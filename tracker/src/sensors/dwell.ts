/** Visible dwell on the item in view: not wall time, and nothing while the tab is hidden. */

import type { Session } from '../session';
import { VisibleTime } from '../visible_time';
import type { SensorContext, Stop } from './sensor';

/** How often a running dwell is said. */
export const DWELL_TICK_MS = 500;

export interface DwellSensor {
  /** An act was recorded while `item` is in view: the act's dwell counts from here. */
  act(item: number | null, itemChanged: boolean): void;
  /** Another item came into view, or none: the last act's dwell is what it is. */
  turn(item: number | null): void;
  /** Write the dwell so far to the session's last act. */
  flush(): void;
  /** Visible ms on the item in view so far. */
  elapsed(): number;
  stop: Stop;
}

export function dwell(page: Document, session: Session, context: SensorContext): DwellSensor {
  const clock = new VisibleTime(context.monotonic, page.visibilityState === 'visible');
  let item: number | null = null;
  let viewedAt = 0;
  /** When the last act was recorded; null once its dwell is over. */
  let actAt: number | null = null;
  const flush = (): void => {
    if (item !== null && actAt !== null) session.setDwell(clock.elapsed() - actAt);
  };
  const tick = (): void => {
    if (item === null || page.visibilityState !== 'visible') return;
    flush();
    context.signal({ kind: 'dwell', item, dwell_ms: clock.elapsed() - viewedAt });
  };
  const turned = (): void => {
    clock.setVisible(page.visibilityState === 'visible');
    flush();
    session.save();
  };
  const timer = setInterval(tick, DWELL_TICK_MS);
  page.addEventListener('visibilitychange', turned);
  page.defaultView?.addEventListener('pagehide', turned);
  return {
    flush,
    act(next, itemChanged) {
      if (itemChanged) viewedAt = clock.elapsed();
      actAt = clock.elapsed();
      item = next;
    },
    turn(next) {
      flush();
      viewedAt = clock.elapsed();
      actAt = null;
      item = next;
    },
    elapsed: () => (item === null ? 0 : clock.elapsed() - viewedAt),
    stop() {
      clearInterval(timer);
      page.removeEventListener('visibilitychange', turned);
      page.defaultView?.removeEventListener('pagehide', turned);
    },
  };
}
