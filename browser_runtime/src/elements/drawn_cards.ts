/** Cards of our own, from the signed catalogue: places of a fixed size that stand for one item after another. */

import type { Intently, Pin, Ranked } from '../api';
import { PINNED } from '../constants';
import { Card } from './card';
import { h, sheet } from './dom';
import type { Chosen, Painter } from './painter';
import { fetchAll } from './pictures';
import type { IntentlyRecs } from './recs';
import { type CardsMode, cardsMode } from './recs_mode';
import { RECS_CSS } from './recs_style';
import { named, whyWords, wordsOf } from './words';

export class DrawnCards implements Painter {
  private readonly cards: readonly Card[];
  private readonly list: HTMLOListElement;
  private readonly emptySlot = h('slot', { name: 'empty' });
  private readonly said = h('span', { class: 'said', role: 'status' });
  /** Pictures of all candidates, by item, in mode `page`. */
  private readonly fetched = new Map<number, HTMLImageElement>();
  private fetching: Promise<void> | null = null;

  constructor(
    private readonly host: IntentlyRecs,
    private readonly intently: Intently,
    chosen: Chosen,
  ) {
    const options = {
      linked: host.hasAttribute('href-template'),
      why: host.hasAttribute('why'),
      dismiss: host.getAttribute('dismiss') !== 'off',
      chosen,
    };
    this.cards = Array.from({ length: host.count }, () => new Card(options));
    const label = host.getAttribute('label') ?? wordsOf(host.words).label;
    const attributes = { part: 'list', role: 'list', 'aria-label': label, 'data-intently-list': host.placement };
    this.list = h('ol', attributes, ...this.cards.map(({ element }) => element));
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    const style = sheet(RECS_CSS);
    if (style !== null) root.adoptedStyleSheets = [style];
    root.replaceChildren(h('slot', { name: 'heading' }), this.list, this.said);
    this.stop = intently.observe(root);
  }

  readonly stop: () => void;

  get candidates(): readonly number[] | null {
    return this.host.candidates;
  }

  async ready(): Promise<void> {
    const { candidates, template, mode } = this;
    if (mode !== 'page' || candidates === null || template === null) return;
    for (const item of candidates) if (!this.fetched.has(item)) this.fetched.set(item, this.pictureAt(template, item));
    this.fetching ??= fetchAll([...this.fetched.values()]);
    await this.fetching;
  }

  paint({ items, why }: Ranked): readonly number[] {
    const { language } = this;
    const words = wordsOf(this.host.words);
    const shown = items
      .map((item, at) => ({ facts: this.intently.describe(item, language), why: why[at] }))
      .filter(({ facts }) => facts !== null);
    for (const [at, card] of this.cards.entries()) {
      const { facts = null, why: reason } = shown[at] ?? {};
      if (facts === null || reason === undefined) {
        card.clear();
        continue;
      }
      card.show({
        facts,
        why: reason,
        whyWords: whyWords(words, reason, this.categoryName(reason.category)),
        dismissWords: named(words.dismiss, facts.name),
        href: filled(this.host.getAttribute('href-template'), facts.item, facts.sku),
        picture: this.pictureOf(facts.item, facts.thumbnail),
        render: this.host.render,
      });
    }
    const drawn = shown.slice(0, this.cards.length).map(({ facts }) => facts?.item ?? 0);
    if (drawn.length === 0) this.list.after(this.emptySlot);
    else this.emptySlot.remove();
    return drawn;
  }

  focused(): Pin | null {
    const active = this.host.shadowRoot?.activeElement ?? null;
    const at = active === null ? -1 : this.cards.findIndex(({ element }) => element.contains(active));
    const item = this.cards[at]?.item ?? 0;
    return item > 0 ? { item, position: at + 1 } : null;
  }

  say(sentence: string): void {
    this.said.textContent = sentence;
  }

  nameOf(item: number): string {
    return this.intently.describe(item)?.name ?? '';
  }

  private get language(): string {
    return this.host.closest('[lang]')?.getAttribute('lang') ?? '';
  }

  private get template(): string | null {
    return this.host.getAttribute('image-template');
  }

  private get mode(): CardsMode {
    const signed = this.intently.held?.configuration.ranking.cards ?? 'page';
    return cardsMode(this.host.getAttribute('cards'), this.host.candidates !== null, signed, PINNED.cards);
  }

  private categoryName(category: number): string {
    return this.intently.held?.listed.categoryName(category) ?? '';
  }

  /** From the catalogue's own bytes; else one that was fetched for every candidate; else, where that is signed, of this item. */
  private pictureOf(item: number, thumbnail: string): HTMLImageElement | null {
    if (thumbnail.startsWith('data:image/')) return h('img', { src: thumbnail, alt: '', part: 'image' });
    if (this.mode === 'shop' && this.template !== null) return this.pictureAt(this.template, item);
    return this.fetched.get(item) ?? null;
  }

  private pictureAt(template: string, item: number): HTMLImageElement {
    const sku = this.intently.held?.listed.item(item)?.sku ?? '';
    const src = filled(template, item, sku) ?? '';
    return h('img', { referrerpolicy: 'no-referrer', alt: '', part: 'image', src });
  }
}

function filled(template: string | null, item: number, sku: string): string | null {
  return template?.replaceAll('{item}', String(item)).replaceAll('{sku}', encodeURIComponent(sku)) ?? null;
}
