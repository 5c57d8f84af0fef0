/**
 * The children that the server rendered: the page's fixed candidates. They stay where they are in the document, so the page's own
 * styles and framework keep them; which are shown, and in what order, is said by assigning them to one slot.
 */

import type { Pin, Ranked } from '../api';
import { h } from './dom';
import { glide } from './glide';
import type { Chosen, Painter } from './painter';
import { fetchAll } from './pictures';
import type { IntentlyRecs } from './recs';

const ITEM = 'data-intently-item';
/** A control of the page's own card: "not interested". */
const DISMISS = '[data-intently-dismiss]';
const SAID_CSS =
  '.said{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}';

export class RenderedChildren implements Painter {
  private readonly slot = h('slot', {});
  private readonly said = h('span', { class: 'said', role: 'status' });
  private readonly changes: MutationObserver;
  private fetching: Promise<void> | null = null;
  private shown: readonly number[] = [];

  constructor(
    private readonly host: IntentlyRecs,
    private readonly chosen: Chosen,
    changed: () => void,
  ) {
    if (host.placement !== '') host.setAttribute('data-intently-list', host.placement);
    host.addEventListener('click', this.clicked);
    this.changes = new MutationObserver(() => {
      this.fetching = null;
      changed();
    });
    this.changes.observe(host, { childList: true });
  }

  get candidates(): readonly number[] {
    return this.children.map(itemOf);
  }

  /** Every picture of every candidate, shown or not: what is fetched must not depend on what is shown. */
  ready(): Promise<void> {
    this.fetching ??= fetchAll(this.children.flatMap((child) => [...child.querySelectorAll('img')]));
    return this.fetching;
  }

  paint({ items }: Ranked): readonly number[] {
    const byItem = new Map(this.children.map((child) => [itemOf(child), child]));
    const wanted = items.slice(0, this.host.count).flatMap((item) => byItem.get(item) ?? []);
    const others = [...this.host.childNodes].filter(isSlottable).filter((node) => !isCandidate(node));
    if (!this.slotted) return this.candidates.slice(0, this.host.count);
    const leading = others.filter((node) => isBefore(node, this.children[0]));
    glide(wanted, () => {
      this.slot.assign(...leading, ...wanted, ...others.filter((node) => !leading.includes(node)));
      for (const child of wanted) child.hidden = false;
    });
    this.shown = wanted.map(itemOf);
    return this.shown;
  }

  focused(): Pin | null {
    const at = this.children.findIndex((child) => child.contains(document.activeElement));
    const item = at < 0 ? 0 : itemOf(this.children[at] as HTMLElement);
    const position = this.shown.indexOf(item) + 1;
    return position > 0 ? { item, position } : null;
  }

  say(sentence: string): void {
    this.said.textContent = sentence;
  }

  nameOf(item: number): string {
    return this.children.find((child) => itemOf(child) === item)?.getAttribute('aria-label') ?? '';
  }

  stop(): void {
    this.changes.disconnect();
    this.host.removeEventListener('click', this.clicked);
  }

  private get children(): HTMLElement[] {
    return [...this.host.children].filter(isCandidate);
  }

  /** Whether this browser lets us assign; where it does not, the children stand as the server rendered them. */
  private get slotted(): boolean {
    if (this.host.shadowRoot !== null) return this.host.shadowRoot.contains(this.slot);
    if (typeof HTMLSlotElement.prototype.assign !== 'function') return false;
    const root = this.host.attachShadow({ mode: 'open', slotAssignment: 'manual' });
    const style = new CSSStyleSheet();
    style.replaceSync(SAID_CSS);
    root.adoptedStyleSheets = [style];
    root.append(this.slot, this.said);
    return true;
  }

  private readonly clicked = (event: Event): void => {
    const hit = event.target instanceof Element ? event.target : null;
    const child = this.children.find((one) => one.contains(hit));
    if (child === undefined) return;
    if (hit?.closest(DISMISS)) {
      event.preventDefault();
      this.chosen.dismiss(itemOf(child));
    } else this.chosen.select(itemOf(child), event);
  };
}

function isCandidate(node: Node): node is HTMLElement {
  return node instanceof HTMLElement && itemOf(node) > 0;
}

function itemOf(element: Element): number {
  const item = Number(element.getAttribute(ITEM));
  return Number.isInteger(item) ? item : 0;
}

function isSlottable(node: Node): node is Element | Text {
  return node instanceof Element || node instanceof Text;
}

function isBefore(node: Node, other: Node | undefined): boolean {
  return other !== undefined && (node.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
}
