/** One place of a list: a card of fixed size that stands for one item after another. */

import type { Item } from '../../../contracts/types';
import { h } from './dom';

const FADE_MS = 240;

export class Card {
  readonly element: HTMLLIElement;
  item = 0;
  private readonly link: HTMLAnchorElement | HTMLButtonElement;
  private readonly frame: HTMLSpanElement;
  private readonly name = h('span', { class: 'name', part: 'name' });
  private readonly price = h('span', { class: 'price', part: 'price' });

  /** `linked`: the card is an `<a>`; else a button. `chosen` is called with the item. */
  constructor(linked: boolean, chosen: (item: number, event: MouseEvent) => void) {
    this.frame = h('span', { class: 'frame', part: 'frame' });
    const children = [this.frame, this.name, this.price];
    this.link = linked
      ? h('a', { part: 'link' }, ...children)
      : h('button', { type: 'button', part: 'link' }, ...children);
    this.link.addEventListener('click', (event) => {
      if (this.item > 0) chosen(this.item, event as MouseEvent);
    });
    this.element = h('li', { part: 'card', 'data-waiting': '' }, this.link);
  }

  /** Stand for an item of the catalogue. Its picture comes with the catalogue, so showing it asks nothing of anyone. */
  show(index: number, item: Item, href: string | null, money: (minor: number) => string): void {
    if (index === this.item) return;
    const { element } = this;
    element.removeAttribute('data-waiting');
    element.removeAttribute('data-empty');
    element.setAttribute('data-intently-item', String(index));
    this.name.textContent = item.name;
    this.price.textContent = money(item.price_minor);
    this.frame.replaceChildren(...pictureOf(item));
    if (href !== null) this.link.setAttribute('href', href);
    if (this.item > 0) this.flash();
    this.item = index;
  }

  /** Nothing to show here; the place is kept. */
  clear(): void {
    this.item = 0;
    this.element.removeAttribute('data-waiting');
    this.element.removeAttribute('data-intently-item');
    this.element.setAttribute('data-empty', '');
  }

  /** A short fade of what changed; by the animation's own clock, so that no layout is forced. */
  private flash(): void {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    this.link.animate?.([{ opacity: 0.25 }, { opacity: 1 }], { duration: FADE_MS, easing: 'ease-out' });
  }
}

/** Only `data:` pictures: any other address would tell its host which item was chosen. */
function pictureOf(item: Item): HTMLImageElement[] {
  return item.thumbnail.startsWith('data:image/') ? [h('img', { src: item.thumbnail, alt: '', part: 'image' })] : [];
}
