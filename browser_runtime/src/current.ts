/** The Intently of this page, for the elements. It is kept in the module: no global is made. */

import type { Intently } from './api';

let current: Intently | null = null;
const waiting = new Set<(intently: Intently) => void>();

export function setCurrent(intently: Intently): void {
  current = intently;
  for (const tell of waiting) tell(intently);
}

/** The Intently of this page, null before `createIntently`: for tests and an engineer's console. */
export function currentIntently(): Intently | null {
  return current;
}

/** Tell `listener` of the one there is and of each that follows; returns a function that stops. */
export function onCurrent(listener: (intently: Intently) => void): () => void {
  waiting.add(listener);
  if (current !== null) listener(current);
  return () => waiting.delete(listener);
}
