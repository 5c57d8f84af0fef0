/** What every page is given, and the parts that several pages share. */

import type { Intently } from '../../../browser_runtime/src/index';
import type { Assortment, Offer } from './assortment';
import type { Cart } from './cart';
import { h } from './dom';
import { hrefOf } from './router';

export interface Shop {
  readonly assortment: Assortment;
  readonly cart: Cart;
  /** null: the shop runs without it. */
  readonly intently: Intently | null;
  /** Items of the pool that this tab held first. */
  readonly firstPool: ReadonlySet<number>;
  money(minor: number): string;
  addToCart(offer: Offer): void;
  removeFromCart(offer: Offer): void;
  checkOut(): void;
}

/** A page: its title for the tab, and what stands in `<main>`. */
export interface View {
  readonly title: string;
  readonly nodes: readonly Node[];
}

/** Card of the shop's own lists: picture, name, price, and a button that puts it in the cart. */
export function offerCard(shop: Shop, offer: Offer): HTMLElement {
  const add = h(
    'button',
    {
      type: 'button',
      class: 'quick-add',
      'aria-label': `Add ${offer.name} to the cart`,
      // Within a card that stands for an item, but a click on it is no choice of the item.
      'data-intently-item': '',
      click: () => shop.addToCart(offer),
    },
    '+',
  );
  const link = h(
    'a',
    { href: hrefOf({ page: 'product', item: offer.index }), class: 'card-link' },
    picture(offer, 'card-picture'),
    h('span', { class: 'card-name' }, offer.name),
    h('span', { class: 'card-price' }, shop.money(offer.price_minor)),
  );
  return h('li', { class: 'card', 'data-item': offer.index, 'data-intently-item': offer.index }, link, add);
}

/** Picture from the catalogue itself; decorative, since the name always stands beside it. */
export function picture(offer: Offer, className: string): HTMLImageElement {
  return h('img', {
    class: className,
    src: offer.thumbnail,
    alt: '',
    width: 320,
    height: 320,

    decoding: 'async',
  });
}

interface Strip {
  readonly placement: string;
  readonly title: string;
  readonly words: string;
  readonly count: number;
}

/** A titled strip that Intently fills: `<intently-recs>` is an empty unknown element until (or unless) its script arrives. */
export function strip({ placement, title, words, count }: Strip): HTMLElement {
  const attributes = { placement, count, label: title, 'href-template': '/product/{item}', class: 'recs' };
  return h(
    'section',
    { class: 'strip' },
    h('div', { class: 'strip-head' }, h('h2', {}, title), h('p', { class: 'quiet' }, words)),
    h('intently-recs' as 'div', attributes),
  );
}
