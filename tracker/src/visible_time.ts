/** Counts milliseconds while the page is visible: wall time in a hidden tab is no dwell. */
export class VisibleTime {
  private counted = 0;
  private since: number | null;

  /** `monotonic` gives milliseconds that never go back. */
  constructor(
    private readonly monotonic: () => number,
    visible: boolean,
  ) {
    this.since = visible ? monotonic() : null;
  }

  /** Visible milliseconds so far. */
  elapsed(): number {
    return this.counted + (this.since === null ? 0 : this.monotonic() - this.since);
  }

  /** The page became visible or hidden. */
  setVisible(visible: boolean): void {
    if (visible === (this.since !== null)) return;
    this.counted = this.elapsed();
    this.since = visible ? this.monotonic() : null;
  }
}
