/** Front page and category pages. */

import { h } from './dom';
import { offerCard, type Shop, strip, type View } from './views';
import { wantedStrip } from './wanted_strip';

/** Items on one page: fixed for everyone, so that the page's own pictures say nothing about its visitor. */
const SHELF_MOST = 24;

/** The front page for category 0, else one category. */
export function listView(shop: Shop, category: number): View | null {
  const shelf = shop.assortment.shelf(category, SHELF_MOST);
  if (shelf.length === 0) return null;
  const name = category === 0 ? 'Everything' : shop.assortment.categoryName(category);
  const grid = h(
    'section',
    { class: 'shelf' },
    h(
      'div',
      { class: 'strip-head' },
      h(category === 0 ? 'h2' : 'h1', {}, name),
      h('p', { class: 'quiet' }, 'The same list for every visitor'),
    ),
    h('ul', { class: 'grid', 'data-intently-list': 'shelf' }, ...shelf.map((offer) => offerCard(shop, offer))),
  );
  const wanted = shop.intently ? [wantedStrip(shop, shop.intently, shop.firstPool)] : [];
  return category === 0
    ? { title: 'Home', nodes: [hero(), forYou(), ...wanted, grid] }
    : { title: name, nodes: [grid, forYou()] };
}

function hero(): HTMLElement {
  return h(
    'section',
    { class: 'hero' },
    h('h1', {}, 'Suggestions that never leave your browser.'),
    h(
      'p',
      {},
      'Look around. What you open, linger on or pass over re-orders this page inside this tab. No server is given a record of it.',
    ),
  );
}

const forYou = (): HTMLElement =>
  strip({ placement: 'home', title: 'For you, right now', words: 'Ranked in this tab, after every click', count: 8 });
