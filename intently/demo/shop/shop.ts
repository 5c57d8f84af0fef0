/** The demo shop: wires address, cart, pages and Intently. Everything that decides anything is in the other files. */

import type { Intently } from '../../../browser_runtime/src/index';
import { type Assortment, assortmentOf, type Offer } from './assortment';
import { added, type Cart, countOf, load, removed, save } from './cart';
import { cartView } from './cart_view';
import { type DemoInfo, fetchDemoInfo, honestLine } from './demo_info';
import { byId, h } from './dom';
import { openIntently } from './intently_port';
import { type LensDrawer, lensDrawer } from './lens_drawer';
import { listView } from './list_view';
import { formatter } from './money';
import { setUpNavigation } from './navigation';
import { privacyView } from './privacy_view';
import { productView } from './product_view';
import { parseRoute, type Route } from './router';
import { statusLine } from './status_line';
import type { Shop, View } from './views';

/** Categories named in the header; a log with hundreds keeps to its most wanted. */
const CATEGORIES_MOST = 9;
const TOAST_MS = 2600;

class DemoShop implements Shop {
  cart: Cart = load(sessionStorage);
  readonly money: (minor: number) => string;
  private toastTimer = 0;

  constructor(
    readonly assortment: Assortment,
    readonly intently: Intently | null,
    readonly firstPool: ReadonlySet<number>,
    private readonly info: DemoInfo | null,
    private readonly drawer: LensDrawer,
  ) {
    this.money = formatter(assortment.currency);
    this.intently?.setCart(this.cart.map(({ item }) => item));
  }

  addToCart(offer: Offer): void {
    this.intently?.record({ type: 'add_to_cart', item: offer.index });
    this.setCart(added(this.cart, offer.index));
    this.say(`${offer.name} is in your cart`);
  }

  removeFromCart(offer: Offer): void {
    this.intently?.record({ type: 'remove_from_cart', item: offer.index });
    this.setCart(removed(this.cart, offer.index));
    this.say(`${offer.name} is out of your cart`);
    this.show({ page: 'cart' });
  }

  checkOut(): void {
    for (const { item } of this.cart) this.intently?.record({ type: 'purchase', item });
    this.setCart([]);
    this.say('Thank you. Nothing was paid and nothing will arrive.');
    this.show({ page: 'cart' });
  }

  /** Put the page of `route` into `<main>`, and tell Intently what is being looked at. */
  show(route: Route): void {
    const viewing = route.page === 'product' && this.assortment.offer(route.item) ? route.item : null;
    this.intently?.setViewing(viewing);
    if (route.page !== 'privacy') this.drawer.reclaim();
    const view = this.viewOf(route) ?? missing();
    document.title = `${view.title} · ${this.name}`;
    byId('main').replaceChildren(...view.nodes);
    this.markCurrent(route);
    if (viewing !== null) this.intently?.record({ type: 'view_item', item: viewing });
  }

  header(): void {
    byId('shop-name').textContent = this.name;
    byId('note').textContent = this.info ? honestLine(this.info) : '';
    const links = this.assortment.categories
      .slice(0, CATEGORIES_MOST)
      .toSorted((a, b) => a.index - b.index)
      .map(({ index, name }) => h('a', { href: `/?category=${index}`, 'data-category': index }, name));
    byId('categories').replaceChildren(...links);
    this.showCount();
  }

  private get name(): string {
    return this.info?.title || this.assortment.shop;
  }

  private viewOf(route: Route): View | null {
    switch (route.page) {
      case 'list':
        return listView(this, route.category);
      case 'product':
        return productView(this, route.item);
      case 'cart':
        return cartView(this);
      case 'privacy': {
        const room = h('div', { class: 'lens-room' });
        this.drawer.lend(room);
        return privacyView(room, this.info ? honestLine(this.info) : '');
      }
      default:
        return null;
    }
  }

  private markCurrent(route: Route): void {
    const category = route.page === 'list' ? String(route.category) : '';
    for (const link of byId('categories').querySelectorAll('a')) {
      if (link.dataset.category === category) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  private setCart(cart: Cart): void {
    this.cart = cart;
    save(sessionStorage, cart);
    this.intently?.setCart(cart.map(({ item }) => item));
    this.showCount();
  }

  private showCount(): void {
    const count = countOf(this.cart);
    byId('cart-count').hidden = count === 0;
    byId('cart-count').textContent = String(count);
    byId('cart-link').setAttribute('aria-label', count === 0 ? 'Cart, empty' : `Cart, ${count} in it`);
  }

  private say(words: string): void {
    const toast = byId('toast');
    toast.textContent = words;
    toast.classList.add('shown');
    clearTimeout(this.toastTimer);
    this.toastTimer = window.setTimeout(() => toast.classList.remove('shown'), TOAST_MS);
  }
}

function missing(): View {
  const words = h('p', { class: 'quiet' }, 'Perhaps it was in another demo’s catalogue.');
  return {
    title: 'Not found',
    nodes: [
      h(
        'section',
        { class: 'cart' },
        h('h1', {}, 'There is no such page'),
        words,
        h('p', {}, h('a', { href: '/', class: 'primary' }, 'To the front page')),
      ),
    ],
  };
}

async function start(): Promise<void> {
  const [{ intently, catalogue, pool }, info] = await Promise.all([openIntently(), fetchDemoInfo((url) => fetch(url))]);
  const lens = h('div', { class: 'lens-content' }, statusLine(intently, info), h('intently-privacy' as 'div'));
  const drawer = lensDrawer(lens, sessionStorage);
  const shop = new DemoShop(
    assortmentOf(catalogue, pool.items),
    intently,
    new Set(pool.items.map(({ item }) => item)),
    info,
    drawer,
  );
  shop.header();
  setUpNavigation((url) => shop.show(parseRoute(url)));
}

start().catch((error: unknown) => {
  const words = error instanceof Error ? error.message : String(error);
  byId('main').replaceChildren(
    h('section', { class: 'cart' }, h('h1', {}, 'The shop could not open'), h('p', { class: 'quiet' }, words)),
  );
});
