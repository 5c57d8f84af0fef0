/** What a card of an item says in the page's market and language. Pure, but for the formats that it remembers. */

import type { CardFacts, Held } from '../api';
import { moneyFormat } from '../lib/money';

/** null: no such item. `language`: BCP 47 of the page, '' for the browser's; a market's own locale comes first. */
export function describe(
  { listed, market }: Pick<Held, 'listed' | 'market'>,
  item: number,
  language: string,
): CardFacts | null {
  const found = listed.item(item);
  if (found === null) return null;
  const minor = market?.prices_minor[item - 1] ?? found.price_minor;
  const money = moneyFormat(market?.currency ?? listed.currency, market?.locale ?? language);
  return {
    item,
    sku: found.sku,
    name: market?.names[item - 1] || found.name,
    price: money(minor),
    category: listed.categoryName(found.category),
    thumbnail: found.thumbnail,
  };
}
