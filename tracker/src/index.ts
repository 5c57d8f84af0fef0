/** The public surface of the tracker: sensors and session state. It makes no network call. */

export type { Event, EventInput, EventType, Signal } from './event';
export { DWELL_TICK_MS } from './sensors/dwell';
export { IMPRESSION_MS, IMPRESSION_SHARE } from './sensors/impressions';
export {
  BUFFER_MOST,
  SESSION_IDLE_MS,
  SESSION_KEY,
  Session,
  type SessionState,
  type SessionStorageLike,
} from './session';
export { startTracker, type Tracker, type TrackerOptions } from './tracker';
