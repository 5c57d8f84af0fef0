/**
 * "Wanted now": the pool's order with what is known of each count. The shop draws this list itself, from `rankNow` and the
 * signed pool, as a shop with cards of its own would; the other strips are `<intently-recs>`.
 */

import type { Intently } from '../../../browser_runtime/src/index';
import { h } from './dom';
import { hrefOf } from './router';
import { picture, type Shop } from './views';
import { poolWords, type Wanted, wantedRows } from './wanted';

const SHOWN = 8;

/** The strip, redrawn when a newer pool is in force or a hard filter changes its items. `first`: items of the tab's first pool. */
export function wantedStrip(shop: Shop, intently: Intently, first: ReadonlySet<number>): HTMLElement {
  const words = h('p', { class: 'quiet' });
  const list = h('ol', { class: 'wanted', 'data-intently-list': 'wanted' });
  const head = h('div', { class: 'strip-head' }, h('h2', {}, 'Wanted now'), words);
  const section = h('section', { class: 'strip strip-pool' }, head, list);
  let drawn = '';
  const draw = (): void => {
    const pool = intently.held?.pool;
    if (!pool) return;
    const { items } = intently.rankNow(null, { placement: 'wanted', tier: 'pool', count: SHOWN });
    const now = `${pool.epoch}:${items.join()}`;
    if (now === drawn) return;
    drawn = now;
    words.textContent = poolWords(pool);
    list.replaceChildren(...wantedRows(pool, items, first).map((row, at) => card(shop, row, at + 1)));
  };
  const stops = [intently.on('update', () => drawOrStop()), intently.on('session', () => drawOrStop())];
  const drawOrStop = (): void => {
    if (section.isConnected) draw();
    else for (const stop of stops) stop();
  };
  draw();
  return section;
}

function card(shop: Shop, row: Wanted, rank: number): HTMLElement | string {
  const offer = shop.assortment.offer(row.item);
  if (!offer) return '';
  const link = h(
    'a',
    { href: hrefOf({ page: 'product', item: row.item }), class: 'wanted-link' },
    picture(offer, 'wanted-picture'),
    h('span', { class: 'wanted-rank', 'aria-hidden': 'true' }, String(rank)),
    row.isNew ? h('span', { class: 'wanted-new' }, 'New here') : null,
    h('span', { class: 'wanted-name' }, offer.name),
    h('span', { class: 'wanted-words' }, row.words || shop.money(offer.price_minor)),
    row.range ? rangeBar(row.range) : null,
  );
  return h('li', { 'data-item': row.item, 'data-intently-item': row.item }, link);
}

/** A bar from the interval's lower to its upper end; the words beside it say the same. */
function rangeBar({ low, high }: { low: number; high: number }): HTMLElement {
  const percent = (part: number): string => `${(part * 100).toFixed(1)}%`;
  const bar = h('span', { style: `left:${percent(low)};right:${percent(1 - high)}` });
  return h('span', { class: 'wanted-range', 'aria-hidden': 'true' }, bar);
}
