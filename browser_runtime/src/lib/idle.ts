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
