/** The shopper's switches: what is done here, what is sent, a copy of everything, and deleting. */

import { COUNTED } from '../../../tracker/src/stored';
import type { Intently, Snapshot } from '../api';
import { h } from './dom';

/** How long a deletion waits to be confirmed, ms. */
const CONFIRM_MS = 8000;

export class Switches {
  readonly elements: readonly HTMLElement[];
  private readonly personalize = h('input', { type: 'checkbox', role: 'switch' });
  private readonly reporting = h('input', { type: 'checkbox', role: 'switch' });
  private readonly said = h('p', { class: 'quiet', role: 'status' });

  constructor(private readonly intently: Intently) {
    for (const box of [this.personalize, this.reporting]) box.addEventListener('change', () => this.choose());
    this.elements = [
      h('label', {}, this.personalize, 'Order items by what I do here'),
      h('label', {}, this.reporting, 'Send blurred reports, so that the shop learns what is wanted'),
      h(
        'div',
        { class: 'buttons' },
        this.button('Save a copy of everything', () => this.save()),
        this.button('Forget this session', () => this.forget()),
        this.deletion(),
      ),
      this.said,
    ];
  }

  show({ consent }: Snapshot): void {
    this.personalize.checked = consent.personalize;
    this.reporting.checked = consent.reports;
    this.reporting.disabled = !consent.personalize;
  }

  private choose(): void {
    const personalize = this.personalize.checked;
    this.intently.setConsent({ personalize, reports: this.reporting.checked });
    if (!personalize) this.said.textContent = 'Switched off. What this tab knew is deleted, and nothing new is noted.';
  }

  private forget(): void {
    this.intently.forget();
    this.said.textContent =
      'Forgotten, in all open tabs of this shop. What was sent stays listed above: it cannot be called back.';
  }

  private save(): void {
    const url = URL.createObjectURL(new Blob([exported(this.intently)], { type: 'application/json' }));
    const link = h('a', { href: url, download: 'intently.json' });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), CONFIRM_MS);
  }

  /** Asks once more, in the same place. */
  private deletion(): HTMLElement {
    let sure = false;
    const words = 'Delete everything';
    const button = this.button(words, () => {
      if (sure) return void this.deleteAll(button);
      sure = true;
      button.textContent = 'Really delete, also the record of what was sent?';
      setTimeout(() => {
        sure = false;
        button.textContent = words;
      }, CONFIRM_MS);
    });
    return button;
  }

  private async deleteAll(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    await this.intently.forgetMe();
    this.said.textContent =
      'Deleted. Nothing is kept on this page any more. Your next visit counts as a first one, with a new budget; to stop reports for good, switch them off instead.';
  }

  private button(words: string, act: () => void): HTMLButtonElement {
    const button = h('button', { type: 'button', part: 'button' }, words);
    button.addEventListener('click', act);
    return button;
  }
}

/** Everything that is held, as JSON: the session, the choice, the budget, and each report with its bytes. */
export function exported(intently: Intently): string {
  const { events, dropped, viewing, cart, consent, globalPrivacyControl, budget, reports, shop, versions, feedback } =
    intently.snapshot();
  const named = events.map((event) => ({ ...event, sku: intently.held?.listed.item(event.item)?.sku ?? null }));
  const { started_ms, counts: each } = intently.sessionState();
  const counts = Object.fromEntries(COUNTED.map((kind, at) => [kind, each[at]]));
  const document = { shop, session: { started_ms, events: named, dropped, viewing, cart, counts }, feedback, consent, globalPrivacyControl, budget, reports, versions }; // biome-ignore format: one line reads better
  return `${JSON.stringify(document, null, 2)}\n`;
}
