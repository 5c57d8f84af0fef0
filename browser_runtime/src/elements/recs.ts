/**
 * `<intently-recs placement="product" count="8" href-template="/product/{sku}" label="For you">`
 *
 * attributes  placement  name of the place; count  cards, 8; tier="pool"  never the model; href-template  {item} and {sku} are
 *             filled in, without it a card is a button; label  of the list, for screen readers
 * slots       heading, empty
 * parts       list, card, link, frame, image, name, price
 * event       intently-select {item, sku, position}: composed, cancelable (then a link is not followed)
 * property    candidates  catalogue indices to choose among, null for the pool and then the catalogue; exclude  indices never shown
 */

import type { Intently, Ranked } from '../api';
import { onCurrent } from '../current';
import { Card } from './card';
import { moneyFormat } from '../lib/money';
import { define, HostElement, h, sheet } from './dom';
import { RECS_CSS } from './recs_style';

const COUNT_DEFAULT = 8;
const COUNT_MOST = 100;

export class IntentlyRecs extends HostElement {
  static readonly observedAttributes = ['placement', 'count', 'tier', 'href-template', 'label'];
  private intently: Intently | null = null;
  private stops: (() => void)[] = [];
  private cards: Card[] = [];
  private asked = 0;
  private list: HTMLOListElement | null = null;
  private chosenCandidates: readonly number[] | null = null;
  private excluded: readonly number[] = [];
  private drawn: readonly number[] = [];

  connectedCallback(): void {
    this.takeEarlyProperties();
    if (this.list === null) this.build();
    this.stops = [onCurrent((intently) => this.attach(intently))];
  }

  disconnectedCallback(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
    this.intently = null;
  }

  attributeChangedCallback(): void {
    if (this.list === null) return;
    this.build();
    this.refresh();
  }

  set candidates(items: readonly number[] | null) {
    this.chosenCandidates = items;
    this.refresh();
  }

  set exclude(items: readonly number[]) {
    this.excluded = items;
    this.refresh();
  }

  /** A page may set properties before this class is defined: they then hide the accessors. */
  private takeEarlyProperties(): void {
    for (const name of ['candidates', 'exclude'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const early = { value: Reflect.get(this, name) };
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, early.value);
    }
  }

  /** Items shown, in order. */
  get items(): readonly number[] {
    return this.drawn;
  }

  private get count(): number {
    const count = Number(this.getAttribute('count') ?? COUNT_DEFAULT);
    return Number.isInteger(count) && count >= 1 ? Math.min(count, COUNT_MOST) : COUNT_DEFAULT;
  }

  private get placement(): string {
    return this.getAttribute('placement') ?? '';
  }

  /** Places of fixed size, empty so far. */
  private build(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const style = sheet(RECS_CSS);
    if (style !== null) root.adoptedStyleSheets = [style];
    const linked = this.hasAttribute('href-template');
    this.cards = Array.from({ length: this.count }, () => new Card(linked, (item, event) => this.choose(item, event)));
    const label = this.getAttribute('label') ?? 'Recommended for you';
    const attributes = { part: 'list', role: 'list', 'aria-label': label, 'data-intently-list': this.placement };
    this.list = h('ol', attributes, ...this.cards.map(({ element }) => element));
    this.drawn = [];
    root.replaceChildren(h('slot', { name: 'heading' }), this.list);
  }

  private attach(intently: Intently): void {
    this.intently = intently;
    const again = (): void => this.refresh();
    const modelTurned = (): void => {
      if (this.drawn.length > 0) this.refresh();
    };
    if (this.shadowRoot !== null) this.stops.push(intently.observe(this.shadowRoot));
    this.stops.push(intently.on('update', again), intently.on('session', again), intently.on('status', modelTurned));
    this.refresh();
  }

  /** Pool order at once where nothing is shown yet, then the model's order, drawn only if no newer was asked meanwhile. */
  private refresh(): void {
    const { intently } = this;
    if (intently === null || intently.held === null) return;
    const tier = this.getAttribute('tier') === 'pool' ? 'pool' : 'onnx';
    const options = { placement: this.placement, count: this.count, exclude: this.excluded, tier } as const;
    if (this.drawn.length === 0) this.draw(intently.rankNow(this.chosenCandidates, options));
    const asked = ++this.asked;
    void intently.rank(this.chosenCandidates, options).then((ranked) => {
      if (asked === this.asked && this.isConnected) this.draw(ranked);
    });
  }

  private draw({ items }: Ranked): void {
    const catalogue = this.intently?.held?.catalogue;
    if (catalogue === undefined) return;
    const money = moneyFormat(catalogue.currency, this.closest('[lang]')?.getAttribute('lang') ?? '');
    const shown = items.filter((item) => catalogue.items[item - 1] !== undefined);
    this.cards.forEach((card, at) => {
      const index = shown[at];
      const item = index === undefined ? undefined : catalogue.items[index - 1];
      if (index === undefined || item === undefined) card.clear();
      else card.show(index, item, this.hrefOf(index, item.sku), money);
    });
    this.drawn = shown.slice(0, this.cards.length);
    if (this.drawn.length === 0) this.list?.after(this.emptySlot);
    else this.emptySlot.remove();
  }

  private readonly emptySlot = typeof document === 'undefined' ? (null as never) : h('slot', { name: 'empty' });

  private hrefOf(index: number, sku: string): string | null {
    const template = this.getAttribute('href-template');
    return template?.replaceAll('{item}', String(index)).replaceAll('{sku}', encodeURIComponent(sku)) ?? null;
  }

  private choose(item: number, event: MouseEvent): void {
    const sku = this.intently?.held?.catalogue.items[item - 1]?.sku ?? '';
    const detail = { item, sku, position: this.drawn.indexOf(item) };
    const told = this.dispatchEvent(
      new CustomEvent('intently-select', { bubbles: true, composed: true, cancelable: true, detail }),
    );
    if (!told) event.preventDefault();
  }
}

define('intently-recs', IntentlyRecs);
