/** One place of a list: a card of fixed size that stands for one item after another. */

import type { CardFacts, RenderCard } from '../api';
import type { Why } from '../ranking/why';
import { h } from './dom';
import type { Chosen } from './painter';

const FADE_MS = 240;

export interface CardOptions {
  /** The card is an `<a>`, else a button. */
  readonly linked: boolean;
  readonly why: boolean;
  readonly dismiss: boolean;
  readonly chosen: Chosen;
}

/** All that is shown of one item. */
export interface CardContents {
  readonly facts: CardFacts;
  readonly why: Why;
  readonly whyWords: string;
  readonly dismissWords: string;
  readonly href: string | null;
  readonly picture: HTMLImageElement | null;
  readonly render: RenderCard | null;
}

export class Card {
  readonly element: HTMLLIElement;
  item = 0;
  private readonly link: HTMLAnchorElement | HTMLButtonElement;
  private readonly frame = h('span', { class: 'frame', part: 'frame' });
  private readonly name = h('span', { class: 'name', part: 'name' });
  private readonly price = h('span', { class: 'price', part: 'price' });
  private readonly why = h('span', { class: 'why', part: 'why' });
  private readonly dismiss: HTMLButtonElement;

  constructor(options: CardOptions) {
    const children = [this.frame, this.name, this.price, ...(options.why ? [this.why] : [])];
    this.link = options.linked
      ? h('a', { part: 'link' }, ...children)
      : h('button', { type: 'button', part: 'link' }, ...children);
    this.link.addEventListener('click', (event) => {
      if (this.item > 0) options.chosen.select(this.item, event);
    });
    // It stands for no item itself: pressing it is no interest.
    this.dismiss = h('button', { type: 'button', class: 'dismiss', part: 'dismiss', 'data-intently-item': '' }, '×');
    this.dismiss.addEventListener('click', () => {
      if (this.item > 0) options.chosen.dismiss(this.item);
    });
    this.element = h('li', { part: 'card', 'data-waiting': '' }, this.link, options.dismiss ? this.dismiss : null);
  }

  /** Stand for an item. */
  show(contents: CardContents): void {
    const { facts, href, picture, render, whyWords, dismissWords } = contents;
    this.why.textContent = whyWords;
    if (facts.item === this.item) return;
    const { element } = this;
    element.removeAttribute('data-waiting');
    element.removeAttribute('data-empty');
    element.setAttribute('data-intently-item', String(facts.item));
    this.dismiss.setAttribute('aria-label', dismissWords);
    if (render !== null) this.link.replaceChildren(render(facts, contents.why));
    this.name.textContent = facts.name;
    this.price.textContent = facts.price;
    this.frame.replaceChildren(...(picture === null ? [] : [picture]));
    if (href !== null) this.link.setAttribute('href', href);
    if (this.item > 0) this.flash();
    this.item = facts.item;
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
