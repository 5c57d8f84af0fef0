/** A transfer that did not get through is tried again a few times; one that was refused is not: it would be refused again. */

import { UpdateRefused } from './errors';

/** Waits before each further try, ms; then it is given up until the next page. */
const WAITS_MS = [2_000, 8_000, 30_000] as const;

/** Rejects with the last fault, or at once where the answer was refused or nobody wants it any more. */
export async function withRetries<T>(transfer: () => Promise<T>, wanted: () => boolean): Promise<T> {
  for (const wait of WAITS_MS) {
    try {
      return await transfer();
    } catch (fault) {
      if (fault instanceof UpdateRefused || !wanted()) throw fault;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (!wanted()) throw new Error('given up: it is no longer wanted');
  }
  return transfer();
}
