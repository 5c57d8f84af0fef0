/** The cart, and a checkout that takes no money. */

import { type CartLine, totalOf } from './cart';
import { h } from './dom';
import { hrefOf } from './router';
import { picture, type Shop, strip, type View } from './views';

/** Page of the cart. */
export function cartView(shop: Shop): View {
  const rows = shop.cart.map((line) => row(shop, line)).filter((each) => each !== null);
  const body = rows.length === 0 ? empty() : filled(shop, rows);
  const next = strip({
    placement: 'cart',
    title: 'Goes well with it',
    words: 'Ranked in this tab, from what you did here',
    count: 8,
  });
  return { title: 'Cart', nodes: [h('section', { class: 'cart' }, h('h1', {}, 'Your cart'), ...body), next] };
}

function empty(): Node[] {
  return [
    h('p', { class: 'quiet' }, 'Nothing in here yet.'),
    h('p', {}, h('a', { href: '/', class: 'primary' }, 'Look around')),
  ];
}

function filled(shop: Shop, rows: readonly HTMLElement[]): Node[] {
  const total = totalOf(shop.cart, (item) => shop.assortment.offer(item)?.price_minor ?? 0);
  return [
    h('ul', { class: 'lines' }, ...rows),
    h(
      'div',
      { class: 'checkout' },
      h('p', { class: 'total' }, h('span', {}, 'Total'), h('strong', {}, shop.money(total))),
      h(
        'button',
        { type: 'button', class: 'primary', id: 'checkout', click: () => shop.checkOut() },
        'Check out (pays nothing)',
      ),
    ),
  ];
}

function row(shop: Shop, { item, quantity }: CartLine): HTMLElement | null {
  const offer = shop.assortment.offer(item);
  if (!offer) return null;
  const label = `Remove ${offer.name} from the cart`;
  return h(
    'li',
    { class: 'line', 'data-item': item },
    picture(offer, 'line-picture'),
    h('a', { href: hrefOf({ page: 'product', item }) }, offer.name),
    h('span', { class: 'quiet' }, quantity > 1 ? `${quantity} ×` : ''),
    h('span', { class: 'line-price' }, shop.money(offer.price_minor * quantity)),
    h(
      'button',
      { type: 'button', class: 'text-button', 'aria-label': label, click: () => shop.removeFromCart(offer) },
      'Remove',
    ),
  );
}
