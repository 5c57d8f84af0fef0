/** What a card of an item says in the page's market and language. Pure, but for the formats that it remembers. */

import type { CardFacts, Held } from '../api';
import { moneyFormat } from '../lib/money';

/** null: no such item. `language`: BCP 47 of the page, '' for the browser's; a market's own locale comes first. */
export function describe(
  { catalogue, market }: Pick<Held, 'catalogue' | 'market'>,
  item: number,
  language: string,
): CardFacts | null {
  const listed = catalogue.items[item - 1];
  if (listed === undefined) return null;
  const minor = market?.prices_minor[item - 1] ?? listed.price_minor;
  const money = moneyFormat(market?.currency ?? catalogue.currency, market?.locale ?? language);
  return {
    item,
    sku: listed.sku,
    name: market?.names[item - 1] || listed.name,
    price: money(minor),
    category: catalogue.categories[listed.category - 1]?.name ?? '',
    thumbnail: listed.thumbnail,
  };
}
