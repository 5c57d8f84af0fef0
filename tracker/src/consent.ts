/**
 * Consent as a state machine: four modes in a row, and the least that anybody says is in force. Pure.
 *
 *     0 strict   nothing of a session is kept, nothing is read from or written to any storage
 *     1 memory   personalized from memory alone: nothing is read or written, nothing outlives the page
 *     2 local    personalized, kept in this browser; no report
 *     3 full     and reports
 */

export const MODES = ['strict', 'memory', 'local', 'full'] as const;
export type ModeName = (typeof MODES)[number];

export const STRICT = 0;
export const MEMORY = 1;
export const LOCAL = 2;
export const FULL = 3;
export type Mode = typeof STRICT | typeof MEMORY | typeof LOCAL | typeof FULL;

/** All that has a say; null: has not spoken. */
export interface Says {
  /** The most that the shop allows. */
  readonly shop: Mode;
  /** The shop asks first: until the shopper or their consent manager has spoken, all is strict. */
  readonly ask: boolean;
  /** The shopper's own choice. */
  readonly choice: Mode | null;
  /** Global Privacy Control, where the shop honours it (by default it does). */
  readonly gpc: boolean;
  /** Google Consent Mode v2, by its names: whether granted. */
  readonly personalization_storage: boolean | null;
  readonly analytics_storage: boolean | null;
}

export function modeOf(says: Says): Mode {
  const unasked = says.ask ? (says.personalization_storage ? (says.analytics_storage ? FULL : LOCAL) : STRICT) : FULL;
  return Math.min(
    says.shop,
    says.choice ?? unasked,
    says.gpc || says.analytics_storage === false ? LOCAL : FULL,
    says.personalization_storage === false ? STRICT : FULL,
  ) as Mode;
}

/** Whether strictness is somebody's word. Before that, nothing is wiped either: removing is a write. */
export function decided(says: Says): boolean {
  return !says.ask || (says.choice ?? says.personalization_storage) !== null;
}
