/** Moves between pages without loading one: the clicks, the history, the scroll and the focus. */

import { byId } from './dom';
import { isOurs } from './router';

/** Show the present address, then every address that a link or the history leads to. */
export function setUpNavigation(show: (url: URL) => void): void {
  document.addEventListener('click', (click) => {
    const link = linkOf(click);
    if (!link || !isOurs(click, link, location.origin)) return;
    click.preventDefault();
    const url = new URL(link.href);
    if (url.href !== location.href) history.pushState(null, '', url);
    show(url);
    arrive();
  });
  addEventListener('popstate', () => show(new URL(location.href)));
  show(new URL(location.href));
}

/** The link that was clicked, also inside the open shadow roots of Intently's elements. */
function linkOf(click: MouseEvent): HTMLAnchorElement | null {
  return click.composedPath().find((node): node is HTMLAnchorElement => node instanceof HTMLAnchorElement) ?? null;
}

/** As after a page load: at the top, with the keyboard and the screen reader at the new content. */
function arrive(): void {
  scrollTo({ top: 0, behavior: 'instant' });
  byId('main').focus({ preventScroll: true });
}
