/** Scroll depth: the deepest part that was in view, 0..1, of the page and of the element that shows the item in view; said when it grew by a twentieth. */

import { SCROLL_STEP } from '../limits';
import { all, listen, type Sensor } from './sensor';

export const scroll: Sensor = (context) => {
  let said = 0;
  let itemSaid = 0;
  let queued = 0;
  const measure = (): void => {
    queued = 0;
    const depth = depthOf(document.documentElement);
    // biome-ignore lint/suspicious/noAssignInExpressions: each byte counts before the page is idle
    if (grew(depth, said)) context.signal({ kind: 'scroll', depth: (said = depth) });
    const item = context.session.state.viewing;
    /** The element whose depth counts as the item's: its description, its reviews. */
    const body = item && context.root.querySelector('[data-intently-body]');
    const itemDepth = body ? depthOf(body) : 0;
    // biome-ignore lint/suspicious/noAssignInExpressions: each byte counts before the page is idle
    if (item && grew(itemDepth, itemSaid)) context.signal({ kind: 'item_scroll', item, depth: (itemSaid = itemDepth) });
  };
  const soon = (): void => {
    if (!queued) queued = requestAnimationFrame(measure);
  };
  return all(
    listen(window, 'scroll', soon),
    context.hook({
      viewing() {
        said = itemSaid = 0; // another page, though perhaps the same document
        soon();
      },
    }),
  );
};

function grew(depth: number, said: number): boolean {
  return depth >= said + SCROLL_STEP || (depth === 1 && said < 1);
}

/** Share of the element's height whose lower edge was reached, 0..1. */
function depthOf(element: Element): number {
  const box = element.getBoundingClientRect();
  return seenShare(box.top, box.height, innerHeight);
}

/** `top`: of what is measured, from the window's; 1 for what fits the window. */
export function seenShare(top: number, height: number, windowHeight: number): number {
  return height > 0 ? Math.min(1, Math.max(0, (windowHeight - top) / height)) : 1;
}
