/** Scroll depth: the deepest part that was in view, 0..1, of the page and of the element that shows the item in view; said when it grew by a twentieth. */

import { all, listen, type Sensor } from './sensor';

const STEP = 0.05;
/** Marks the element whose depth counts as the item's: its description, its reviews. */
export const BODY_ATTRIBUTE = 'data-intently-body';

export const scroll: Sensor = ({ root, session, signal, hook }) => {
  let said = 0;
  let itemSaid = 0;
  let queued = 0;
  const measure = (): void => {
    queued = 0;
    const depth = depthOf(document.documentElement);
    if (grew(depth, said)) signal({ kind: 'scroll', depth: (said = depth) });
    const item = session.state.viewing;
    const body = item && root.querySelector(`[${BODY_ATTRIBUTE}]`);
    const itemDepth = body ? depthOf(body) : 0;
    if (item && grew(itemDepth, itemSaid)) signal({ kind: 'item_scroll', item, depth: (itemSaid = itemDepth) });
  };
  const soon = (): void => {
    queued ||= requestAnimationFrame(measure);
  };
  return all(
    listen(window, 'scroll', soon),
    hook({
      viewing() {
        said = itemSaid = 0; // another page, though perhaps the same document
        soon();
      },
    }),
  );
};

function grew(depth: number, said: number): boolean {
  return depth >= said + STEP || (depth === 1 && said < 1);
}

/** Share of the element's height whose lower edge was reached, 0..1. */
function depthOf(element: Element): number {
  const { top, height } = element.getBoundingClientRect();
  return seenShare(top, height, innerHeight);
}

/** `top`: of what is measured, from the window's; 1 for what fits the window. */
export function seenShare(top: number, height: number, windowHeight: number): number {
  return height > 0 ? Math.min(1, Math.max(0, (windowHeight - top) / height)) : 1;
}
