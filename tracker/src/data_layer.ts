/** What is pushed to the page's data layer, from the first entry on. Nothing is made or changed but a `push` that also tells us. */

import { listen } from './sensors/sensor';
import { attempt } from './session';

/** An entry: an object of the tag manager's, or the arguments of a `gtag` call. It may have any shape; a listener that throws is left alone. */
// biome-ignore lint/suspicious/noExplicitAny: any shape
export type Entry = Record<string | number, any>;

/** Call `heard` with each entry, those already there included; returns a function that stops. The layer may come into being while the page loads. */
export function entriesOf(name: string, heard: (entry: Entry) => void): () => void {
  let on = true;
  let found: unknown[] | undefined;
  const tell = (entry: unknown): void => {
    if (on) attempt(() => heard(entry as Entry));
  };
  const look = (): void => {
    const layer = (window as unknown as Record<string, unknown[]>)[name];
    if (found || !Array.isArray(layer)) return;
    found = layer;
    const { push } = layer;
    layer.push = (...entries) => {
      const length = push.apply(layer, entries);
      entries.forEach(tell);
      return length;
    };
    [...layer].forEach(tell);
  };
  look();
  const stop = listen(window, 'load', look);
  return () => {
    on = false;
    stop();
  };
}
