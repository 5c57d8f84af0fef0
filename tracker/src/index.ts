/** The public surface of the tracker: sensors, session, consent. It makes no network call. What is not imported is not bundled. */

export { decided, FULL, LOCAL, MEMORY, MODES, type Mode, type ModeName, modeOf, type Says, STRICT } from './consent';
export { type ConsentSignals, consentMode } from './consent_mode';
export type { Event, EventInput, EventType, Ga4Item, Signal } from './event';
export { SENSORS } from './sensors';
export { attributes } from './sensors/attributes';
export { clicks } from './sensors/clicks';
export { dataLayer, dataLayerNamed } from './sensors/data_layer';
export { DWELL_TICK_MS, dwell } from './sensors/dwell';
export { IMPRESSION_MS, IMPRESSION_SHARE, impressions, impressionsAt } from './sensors/impressions';
export { jsonLd } from './sensors/json_ld';
export { pageViews } from './sensors/page_view';
export { quickBacks } from './sensors/quick_back';
export { rageClicks } from './sensors/rage';
export { scroll } from './sensors/scroll';
export { searches } from './sensors/search';
export type { Hooks, Sensor, SensorContext, Stop } from './sensors/sensor';
export { openSession, SAVE_WAIT_MS, SESSION_KEY, type Session, type SessionStorageLike } from './session';
export { BUFFER_MOST, merge, SESSION_IDLE_MS, type SessionState } from './state';
export { COUNTED, decodeState, encodeState } from './stored';
export { ANSWER_MS, type ChannelLike, type Tabs, tabsOn } from './tabs';
export { SAME_MS, startTracker, type Tracker, type TrackerOptions, WAITING_MOST } from './tracker';
