/** The drawer "What does this shop know?". It stands beside the page, not over it, so that one can shop and watch. */

import { byId } from './dom';

const OPEN_KEY = 'demo-shop-lens';

export interface LensDrawer {
  /** Give the lens to a page of its own, and shut the drawer while it is there. */
  lend(to: HTMLElement): void;
  /** Take the lens back. */
  reclaim(): void;
}

/** Wire the drawer's button, its close button and Escape; open it if it was open when the tab was last loaded. */
export function lensDrawer(lens: HTMLElement, storage: Pick<Storage, 'getItem' | 'setItem'>): LensDrawer {
  const drawer = byId('lens');
  const button = byId('lens-button');
  const show = (open: boolean): void => {
    drawer.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
    document.documentElement.classList.toggle('lens-open', open);
  };
  const toggle = (open: boolean): void => {
    show(open);
    remember(storage, open);
    (open ? byId('lens-title') : button).focus({ preventScroll: true });
  };
  button.addEventListener('click', () => toggle(drawer.hidden));
  byId('lens-close').addEventListener('click', () => toggle(false));
  drawer.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') toggle(false);
  });
  byId('lens-body').append(lens);
  show(wasOpen(storage));
  return {
    lend(to) {
      to.append(lens);
      button.hidden = true;
      show(false);
    },
    reclaim() {
      if (lens.parentElement === byId('lens-body')) return;
      byId('lens-body').append(lens);
      button.hidden = false;
      show(wasOpen(storage));
    },
  };
}

function wasOpen(storage: Pick<Storage, 'getItem'>): boolean {
  try {
    return storage.getItem(OPEN_KEY) === 'open';
  } catch {
    return false;
  }
}

function remember(storage: Pick<Storage, 'setItem'>, open: boolean): void {
  try {
    storage.setItem(OPEN_KEY, open ? 'open' : 'shut');
  } catch {
    // Refused storage: the drawer opens shut next time.
  }
}
