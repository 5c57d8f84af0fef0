/** The public surface of `intently.js`. Importing it defines `<intently-recs>` and `<intently-privacy>`. */

export type { Event, EventType } from '../../contracts/types';
export type { EventInput, Signal } from '../../tracker/src/event';
export type {
  Budget,
  CardFacts,
  Consent,
  Held,
  Intently,
  IntentlyEvents,
  IntentlyOptions,
  ModelState,
  Pin,
  Platform,
  Ranked,
  RankOptions,
  RecsWords,
  RenderCard,
  ReportState,
  ReportsState,
  ReportView,
  Scoring,
  ScoringMs,
  Snapshot,
  Status,
  Tier,
  UpdateState,
  Versions,
  Why,
} from './api';
export { currentIntently } from './current';
export { IntentlyPrivacy } from './elements/privacy';
export { IntentlyRecs } from './elements/recs';
export { createIntently } from './intently';
