/** A page's first calm: it is visible, and has an idle moment or its `load` event behind it. What waited for it needs no other. */
export class FirstCalm {
  private came = false;
  private readonly waiting = new Set<() => void>();

  /** Begin to wait; returns a function that gives up. */
  start(): () => void {
    return whenVisible(
      () => {
        this.came = true;
        for (const act of this.waiting) act();
        this.waiting.clear();
      },
      (act) => {
        whenIdle(act);
        whenLoaded(act);
      },
    );
  }

  /** Run `act` then, or at once where that was; later where the page is hidden now. Returns a function that gives up. */
  wait(act: () => void): () => void {
    if (this.came) return whenVisible(act, (run) => run());
    this.waiting.add(act);
    return () => this.waiting.delete(act);
  }
}

/** Run `act` once the page is visible and idle; returns a function that gives up. */
export function whenIdleAndVisible(act: () => void): () => void {
  return whenVisible(act, whenIdle);
}

/** Run `act` in `ms`, however busy the page is, or later once it is seen again; returns a function that gives up. */
export function whenVisibleAfter(ms: number, act: () => void): () => void {
  let giveUp = (): void => clearTimeout(timer);
  const timer = setTimeout(() => {
    giveUp = whenVisible(act, (run) => run());
  }, ms);
  return () => giveUp();
}

/** Run `act` in an idle moment, after 2 s at the latest. */
function whenIdle(act: () => void): void {
  if (typeof requestIdleCallback === 'function') requestIdleCallback(act, { timeout: IDLE_WAIT_MS });
  else setTimeout(act, 1);
}

/** After the listeners of the page's `load` event; never where that was before. */
function whenLoaded(act: () => void): void {
  if (document.readyState !== 'complete') globalThis.addEventListener('load', () => setTimeout(act), { once: true });
}

function whenVisible(act: () => void, schedule: (run: () => void) => void): () => void {
  let stopped = false;
  const run = (): void => {
    if (stopped) return;
    stopped = true;
    act();
  };
  const visible = (): void => {
    if (document.visibilityState !== 'visible') return;
    document.removeEventListener('visibilitychange', visible);
    schedule(run);
  };
  document.addEventListener('visibilitychange', visible);
  visible();
  return () => {
    stopped = true;
    document.removeEventListener('visibilitychange', visible);
  };
}

/** Longest wait for an idle moment on a busy page, ms. */
const IDLE_WAIT_MS = 2000;

/** Resolves once the page is no mere prerendering: a page that nobody came to asks for nothing and remembers nothing. */
export function whenVisited(): Promise<void> {
  const page = globalThis.document as (Document & { readonly prerendering?: boolean }) | undefined;
  if (!page?.prerendering) return Promise.resolve();
  return new Promise((resolve) => page.addEventListener('prerenderingchange', () => resolve(), { once: true }));
}
