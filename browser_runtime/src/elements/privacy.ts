/** `<intently-privacy>`: the shopper's own view. Its contents are a lazy chunk, fetched where the element stands on a page. */

import type { Intently } from '../api';
import { onCurrent } from '../current';
import { define, HostElement } from './dom';
import type { mountLens } from './lens';

export const LENS_CHUNK = 'intently-lens.js';

export class IntentlyPrivacy extends HostElement {
  private stops: (() => void)[] = [];

  connectedCallback(): void {
    this.stops.push(onCurrent((intently) => void this.fill(intently)));
  }

  disconnectedCallback(): void {
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  private async fill(intently: Intently): Promise<void> {
    try {
      const chunk = (await intently.importChunk(LENS_CHUNK)) as { mountLens: typeof mountLens };
      if (this.isConnected) this.stops.push(chunk.mountLens(this, intently));
    } catch {
      this.textContent = 'This view could not be loaded.';
    }
  }
}

define('intently-privacy', IntentlyPrivacy);
