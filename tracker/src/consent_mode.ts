/** Google Consent Mode v2, read from the page's own `gtag('consent', ...)` commands. */

import type { Says } from './consent';
import { entriesOf } from './data_layer';

/** What the signals come to. `ask`: a default that denies is a question that is still open; nothing is kept, and nothing is wiped. */
export type ConsentSignals = Pick<Says, 'personalization' | 'analytics' | 'ask'>;

/** Call `told` with what the signals come to after each command; returns a function that stops. */
export function consentMode(told: (signals: ConsentSignals) => void, layer = 'dataLayer'): () => void {
  let ask = false;
  const held: Record<string, boolean | null> = { personalization_storage: null, analytics_storage: null };
  return entriesOf(layer, ({ 0: command, 1: when, 2: said }) => {
    if (command !== 'consent') return;
    const open = when === 'default' && said.personalization_storage === 'denied';
    ask ||= open;
    for (const name in held) if (said[name] && !open) held[name] = said[name] === 'granted';
    told({ personalization: held.personalization_storage ?? null, analytics: held.analytics_storage ?? null, ask });
  });
}
