/** Counts milliseconds while the page is visible: wall time in a hidden tab is no dwell. Read it whenever visibility turns. */

/** `monotonic` gives milliseconds that never go back. */
export function visibleTime(monotonic: () => number, visible: () => boolean): () => number {
  let counted = 0;
  let since = monotonic();
  let was = visible();
  return () => {
    const now = monotonic();
    if (was) counted += now - since;
    since = now;
    was = visible();
    return counted;
  };
}
