/** Scroll depth: the deepest part of the page that was in view, 0..1, said when it grew by a twentieth. */

import type { SensorContext, Stop } from './sensor';

const STEP = 0.05;

export function scroll(page: Window, context: SensorContext): Stop {
  let said = 0;
  let queued = false;
  const measure = (): void => {
    queued = false;
    const depth = depthOf(page.scrollY, page.innerHeight, page.document.documentElement.scrollHeight);
    if (depth < said + STEP && !(depth === 1 && said < 1)) return;
    said = depth;
    context.signal({ kind: 'scroll', depth });
  };
  const heard = (): void => {
    if (queued) return;
    queued = true;
    page.requestAnimationFrame(measure);
  };
  page.addEventListener('scroll', heard, { passive: true });
  return () => page.removeEventListener('scroll', heard);
}

/** Share of the page's height whose lower edge was reached; 1 for a page that fits the window. */
export function depthOf(scrolled: number, seen: number, height: number): number {
  return height <= 0 ? 1 : Math.min(1, Math.max(0, (scrolled + seen) / height));
}
