/** Google Consent Mode v2, read from the page's own `gtag('consent', ...)` commands. */

import type { Says } from './consent';
import { entriesOf } from './data_layer';

/** What the signals come to. `ask`: a default that denies is a question that is still open; nothing is kept, and nothing is wiped. */
export type ConsentSignals = Pick<Says, 'personalization_storage' | 'analytics_storage' | 'ask'>;

/** Call `told` with what the signals come to after each command; returns a function that stops. */
export function consentMode(told: (signals: ConsentSignals) => void, layer = 'dataLayer'): () => void {
  let held: ConsentSignals = { ask: false, personalization_storage: null, analytics_storage: null };
  return entriesOf(layer, ({ 0: command, 1: when, 2: said }) => {
    if (command !== 'consent') return;
    const open = when === 'default' && said.personalization_storage === 'denied';
    for (const name in held) if (said[name] && !open) held = { ...held, [name]: said[name] === 'granted' };
    if (open) held = { ...held, ask: true };
    told(held);
  });
}
