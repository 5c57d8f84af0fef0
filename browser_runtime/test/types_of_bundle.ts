/** Compiled, never run (`npm run check`): what a shop writes against the types that the bundle carries. */

import { createIntently, type Ranked } from '../types/intently';

export async function page(): Promise<string> {
  const intently = createIntently({ pollMs: 0, consent: { personalize: true, reports: false } });
  const ranked: Ranked = await intently.rank(null, { category: 'Shoes', count: 3 });
  // @ts-expect-error no such option
  createIntently({ polls: 0 });
  // @ts-expect-error items are read-only
  ranked.items.push(1);
  return intently.held?.listed.item(ranked.items[0] ?? 0)?.name ?? '';
}
