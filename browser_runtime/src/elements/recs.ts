/**
 * `<intently-recs placement="product" count="8">`: a list of recommendations. This is its shell: it keeps what the server rendered,
 * or holds places of a fixed size; `intently-core.js` fills it (recs_view.ts).
 *
 * children    the page's candidates, each with `data-intently-item` (cards="page"): all stay as they are until the page is idle, and
 *             without JavaScript; then the best `count` are shown, in the model's order, and no node is moved
 * attributes  placement  name of the place; count  cards, 8; category  of the page, by name or index: its pool's items; tier="pool"  never the model; cards  page, local or shop;
 *             href-template, image-template  {item} and {sku} are filled in; label  of the list, for screen readers;
 *             why  a line that says why; dismiss="off"  no "not interested"
 * slots       heading, empty (of a list that draws its own cards)
 * parts       list, card, link, frame, image, name, price, why, dismiss
 * events      intently-select {item, sku, position}: cancelable, then a link is not followed; intently-dismiss {item, sku};
 *             intently-ranked {items, tier, why}; all composed
 * properties  candidates  catalogue indices to choose among, null for the pool and then the catalogue; exclude  indices never
 *             shown; pins  {item, position}[]; render  draws a card's contents; words  texts of another language; items  shown
 */

import type { Intently, Pin, RecsWords, RenderCard } from '../api';
import { CORE_CHUNK } from '../constants';
import { onCurrent } from '../current';
import { define, HostElement, h, sheet } from './dom';
import { RECS_CSS } from './recs_style';
import type { mountRecs, RecsView } from './recs_view';

const COUNT_DEFAULT = 8;
const COUNT_MOST = 100;
const PROPERTIES = ['candidates', 'exclude', 'pins', 'render', 'words'] as const;

export class IntentlyRecs extends HostElement {
  static readonly observedAttributes = [
    'placement', 'count', 'category', 'tier', 'cards', 'href-template', 'image-template', 'label', 'why', 'dismiss',
  ]; // biome-ignore format: one line reads better
  /** Named by the page; each change asks for the list anew. */
  declare candidates: readonly number[] | null;
  declare exclude: readonly number[];
  declare pins: readonly Pin[];
  declare render: RenderCard | null;
  declare words: Partial<RecsWords>;
  private readonly given: Record<string, unknown> = {
    candidates: null,
    exclude: [],
    pins: [],
    render: null,
    words: {},
  };
  private stops: (() => void)[] = [];
  private view: RecsView | null = null;
  private intently: Intently | null = null;

  static {
    for (const name of PROPERTIES)
      Object.defineProperty(IntentlyRecs.prototype, name, {
        get(this: IntentlyRecs) {
          return this.given[name];
        },
        set(this: IntentlyRecs, value: unknown) {
          this.given[name] = value;
          this.view?.refresh();
        },
      });
  }

  connectedCallback(): void {
    this.takeEarlyProperties();
    if (this.shadowRoot === null && !this.rendered) this.holdPlaces();
    this.stops.push(onCurrent((intently) => this.attach(intently)));
  }

  disconnectedCallback(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
    this.view?.stop();
    this.view = this.intently = null;
  }

  attributeChangedCallback(): void {
    this.view?.rebuild();
  }

  /** Items shown, in order. */
  get items(): readonly number[] {
    return this.view?.items ?? [];
  }

  get count(): number {
    const count = Number(this.getAttribute('count') ?? COUNT_DEFAULT);
    return Number.isInteger(count) && count >= 1 ? Math.min(count, COUNT_MOST) : COUNT_DEFAULT;
  }

  get placement(): string {
    return this.getAttribute('placement') ?? '';
  }

  /** Whether the server rendered the page's candidates as children. */
  get rendered(): boolean {
    return this.querySelector(':scope > [data-intently-item]') !== null;
  }

  /** A page may set properties before this class is defined: they then hide the accessors. */
  private takeEarlyProperties(): void {
    for (const name of PROPERTIES) {
      if (!Object.hasOwn(this, name)) continue;
      const early = Reflect.get(this, name);
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, early);
    }
  }

  /** As many empty places as there will be cards, so that nothing moves when they come. */
  private holdPlaces(): void {
    const root = this.attachShadow({ mode: 'open' });
    const style = sheet(RECS_CSS);
    if (style !== null) root.adoptedStyleSheets = [style];
    const place = (): HTMLElement =>
      h(
        'li',
        { 'data-waiting': '' },
        ...['frame', 'name', 'price', ...(this.hasAttribute('why') ? ['why'] : [])].map((name) =>
          h('span', { class: name }),
        ),
      );
    root.append(
      h('slot', { name: 'heading' }),
      h('ol', { 'aria-busy': 'true' }, ...Array.from({ length: this.count }, place)),
    );
  }

  private attach(intently: Intently): void {
    this.view?.stop();
    this.view = null;
    this.intently = intently;
    void this.fill(intently).catch(() => {
      // Without the runtime the server's children, or empty places, stay.
    });
  }

  private async fill(intently: Intently): Promise<void> {
    if (this.rendered) await intently.ready; // nothing is missing, so nothing hurries
    const { mountRecs: mount } = (await intently.importChunk(CORE_CHUNK)) as { mountRecs: typeof mountRecs };
    if (this.intently === intently) this.view = mount(this, intently);
  }
}

define('intently-recs', IntentlyRecs);
