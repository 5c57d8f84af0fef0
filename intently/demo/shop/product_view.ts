/** One product, and what might come next. */

import type { Offer } from './assortment';
import { h } from './dom';
import { hrefOf } from './router';
import { picture, type Shop, strip, type View } from './views';

/** Page of the item; null if the catalogue has none such. */
export function productView(shop: Shop, item: number): View | null {
  const offer = shop.assortment.offer(item);
  if (!offer) return null;
  const next = strip({
    placement: 'product',
    title: 'Next for you',
    words: 'Re-ranked by what you just opened',
    count: 8,
  });
  return {
    title: offer.name,
    nodes: [h('article', { class: 'product' }, picture(offer, 'product-picture'), details(shop, offer)), next],
  };
}

function details(shop: Shop, offer: Offer): HTMLElement {
  const category = shop.assortment.categoryName(offer.category);
  return h(
    'div',
    { class: 'product-details' },
    category ? h('a', { class: 'crumb', href: hrefOf({ page: 'list', category: offer.category }) }, category) : null,
    h('h1', {}, offer.name),
    h('p', { class: 'product-price' }, shop.money(offer.price_minor)),
    h('button', { type: 'button', class: 'primary', click: () => shop.addToCart(offer) }, 'Add to cart'),
    h(
      'dl',
      { class: 'facts' },
      h('dt', {}, 'Article'),
      h('dd', {}, offer.sku),
      h('dt', {}, 'Delivery'),
      h('dd', {}, 'Never: this is a demonstration'),
      h('dt', {}, 'Privacy'),
      h('dd', {}, 'How long you look leaves this tab only as a randomized report, if you allow it'),
    ),
  );
}
