/** Wires session, updates, scoring and reports into the object that a shop's page holds. */

import type { Intently, IntentlyOptions } from './api';

/** Start Intently on this page. Returns at once; never throws. */
export function createIntently(_options: IntentlyOptions = {}): Intently {
  throw new Error('not built yet');
}
