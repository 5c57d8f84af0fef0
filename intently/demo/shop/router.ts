/** Addresses of the shop's pages: pure, both ways. */

export type Route =
  | { page: 'list'; category: number }
  | { page: 'product'; item: number }
  | { page: 'cart' }
  | { page: 'privacy' }
  | { page: 'missing' };

/** Route of an address; `category` 0 is the front page. */
export function parseRoute(url: URL): Route {
  const path = url.pathname.replace(/\/+$/, '') || '/';
  if (path === '/') return listRoute(url.searchParams.get('category'));
  if (path === '/cart') return { page: 'cart' };
  if (path === '/privacy') return { page: 'privacy' };
  const product = /^\/product\/([1-9]\d{0,8})$/.exec(path);
  return product ? { page: 'product', item: Number(product[1]) } : { page: 'missing' };
}

function listRoute(category: string | null): Route {
  if (category === null) return { page: 'list', category: 0 };
  return /^[1-9]\d{0,8}$/.test(category) ? { page: 'list', category: Number(category) } : { page: 'missing' };
}

/** Address of a route, relative to the shop's origin. */
export function hrefOf(route: Route): string {
  switch (route.page) {
    case 'list':
      return route.category === 0 ? '/' : `/?category=${route.category}`;
    case 'product':
      return `/product/${route.item}`;
    case 'missing':
      return '/';
    default:
      return `/${route.page}`;
  }
}

/** True if a click on this link is ours to handle: a plain left click, same origin, same tab. */
export function isOurs(click: MouseEvent, link: HTMLAnchorElement, origin: string): boolean {
  const modified = click.metaKey || click.ctrlKey || click.shiftKey || click.altKey || click.button !== 0;
  return !modified && !click.defaultPrevented && !link.target && !link.hash && new URL(link.href).origin === origin;
}
