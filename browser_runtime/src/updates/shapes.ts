/** Signed, but of the wrong shape: refused whole, so that the last good set stays. */

import type { Catalogue, Configuration, Market, Pool } from '../../../contracts/types';
import { UpdateRefused } from '../lib/errors';
import { parseRules } from '../ranking/rules';

/** Throws `UpdateRefused`; checks what ranking and cards read. */
export function checkShapes(configuration: Configuration, pool: Pool): void {
  want(isWhole(configuration?.poll_s, 1), 'configuration: poll_s must be whole and positive');
  parseRules(configuration.ranking);
  want(
    isListOf(pool?.items, ({ item }) => isWhole(item, 1)),
    'pool: items must be a list of catalogue indices',
  );
}

/** Throws `UpdateRefused`. */
export function checkCatalogue(catalogue: Catalogue): void {
  const named = isListOf(catalogue?.categories, ({ name }) => typeof name === 'string');
  const items = isListOf(
    catalogue?.items,
    ({ sku, name, category, price_minor }) =>
      typeof sku === 'string' && typeof name === 'string' && isWhole(category, 0) && isWhole(price_minor, 0),
  );
  want(named && items, 'catalogue: items or categories are malformed');
}

/** Throws `UpdateRefused`; `name`: the market that was asked for. */
export function checkMarket(market: Market, name: string): void {
  want(market?.name === name, `market: got ${String(market?.name)}, want ${name}`);
  const [prices, names] = [market.prices_minor, market.names];
  want(
    Array.isArray(prices) && prices.every((price) => isWhole(price, -1)),
    'market: prices_minor must be whole numbers',
  );
  want(Array.isArray(names) && names.every((one) => typeof one === 'string'), 'market: names must be texts');
  want(
    /^[A-Z]{3}$/.test(market.currency) && /^[A-Z]{2}$/.test(market.region),
    'market: currency or region is malformed',
  );
  want(isLocale(market.locale), `market: locale ${String(market.locale)} is none`);
}

function isLocale(locale: unknown): boolean {
  try {
    return typeof locale === 'string' && Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}

function isWhole(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

function isListOf<T>(value: readonly T[] | undefined, holds: (entry: T) => boolean): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'object' && entry !== null && holds(entry));
}

function want(holds: boolean, sentence: string): void {
  if (!holds) throw new UpdateRefused(sentence);
}
