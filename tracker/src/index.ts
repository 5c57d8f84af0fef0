/** The public surface of the tracker: sensors, session, consent. It makes no network call. What is not imported is not bundled. */

export { decided, FULL, LOCAL, MEMORY, MODES, type Mode, type ModeName, modeOf, type Says, STRICT } from './consent';
export { type ConsentSignals, consentMode } from './consent_mode';
export type { Event, EventInput, EventType, Ga4Item, Signal } from './event';
export {
  ANSWER_MS,
  DWELL_TICK_MS,
  IMPRESSION_MS,
  IMPRESSION_SHARE,
  SAME_MS,
  SAVE_WAIT_MS,
  WAITING_MOST,
} from './limits';
export { SENSORS } from './sensors';
export { attributes } from './sensors/attributes';
export { clicks } from './sensors/clicks';
export { dataLayer, dataLayerNamed } from './sensors/data_layer';
export { dwell } from './sensors/dwell';
export { impressions, impressionsAt } from './sensors/impressions';
export { jsonLd } from './sensors/json_ld';
export { pageViews } from './sensors/page_view';
export { quickBacks } from './sensors/quick_back';
export { rageClicks } from './sensors/rage';
export { scroll } from './sensors/scroll';
export { searches } from './sensors/search';
export type { Hooks, Sensor, SensorContext, Stop } from './sensors/sensor';
export { openSession, SESSION_KEY, type Session, type SessionStorageLike } from './session';
export { BUFFER_MOST, merge, SESSION_IDLE_MS, type SessionState } from './state';
export { COUNTED, decodeState, encodeState } from './stored';
export { type ChannelLike, type Tabs, tabsOn } from './tabs';
export { startTracker, type Tracker, type TrackerOptions } from './tracker';
