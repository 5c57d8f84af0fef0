/** The tracker's numbers in one place. A file without imports: a bundler writes each where it is used. */

/** An impression may wait this long before it is written; an act is written at once. */
export const SAVE_WAIT_MS = 250;
/** The same event said by two sensors within this time is one, ms. */
export const SAME_MS = 1000;
/** Events that may wait for the catalogue that says which item they are about. */
export const WAITING_MOST = 64;
/** How long the other tabs let the owner answer first, ms. */
export const ANSWER_MS = 120;

/** How long a page may change, or a click take to lead elsewhere, before it is looked at again, ms. */
export const SETTLE_MS = 100;
/** How often a running dwell is said. */
export const DWELL_TICK_MS = 500;
/** Share of an element that must be in view. */
export const IMPRESSION_SHARE = 0.5;
/** For how long without a break, ms. */
export const IMPRESSION_MS = 1000;
/** Scroll depth is said when it grew by this share. */
export const SCROLL_STEP = 0.05;
export const QUICK_BACK_MS = 5000;
export const RAGE_CLICKS = 3;
export const RAGE_MS = 1000;
export const RAGE_PX = 30;
/** Items of one entry of the data layer that are read: an order may be long. */
export const ITEMS_MOST = 50;
/** Longest JSON-LD markup that is read, letters: a page may carry anything. */
export const TEXT_MOST = 200_000;
