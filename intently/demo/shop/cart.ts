/** The cart: an immutable list of lines, kept in this tab's session storage and sent nowhere. */

export interface CartLine {
  /** catalogue index */
  readonly item: number;
  /** 1..`QUANTITY_MOST` */
  readonly quantity: number;
}
export type Cart = readonly CartLine[];

export const QUANTITY_MOST = 99;
const KEY = 'demo-shop-cart';

/** `cart` with one more of `item`; the same cart at `QUANTITY_MOST`. */
export function added(cart: Cart, item: number): Cart {
  if (!cart.some((line) => line.item === item)) return [...cart, { item, quantity: 1 }];
  return cart.map((line) =>
    line.item === item ? { item, quantity: Math.min(line.quantity + 1, QUANTITY_MOST) } : line,
  );
}

/** `cart` without `item`. */
export function removed(cart: Cart, item: number): Cart {
  return cart.filter((line) => line.item !== item);
}

/** How many things are in it. */
export function countOf(cart: Cart): number {
  return cart.reduce((sum, line) => sum + line.quantity, 0);
}

/** Sum in the currency's minor unit. */
export function totalOf(cart: Cart, priceMinor: (item: number) => number): number {
  return cart.reduce((sum, line) => sum + line.quantity * priceMinor(line.item), 0);
}

/** The stored cart; empty if there is none, it is damaged, or storage is refused. */
export function load(storage: Pick<Storage, 'getItem'>): Cart {
  try {
    const lines: unknown = JSON.parse(storage.getItem(KEY) ?? '[]');
    return Array.isArray(lines) ? lines.filter(isLine).map(({ item, quantity }) => ({ item, quantity })) : [];
  } catch {
    return [];
  }
}

function isLine(line: unknown): line is CartLine {
  if (typeof line !== 'object' || line === null) return false;
  const { item, quantity } = line as Partial<CartLine>;
  return isWithin(item, 1, 1e9) && isWithin(quantity, 1, QUANTITY_MOST);
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Store it; where storage is refused the cart lives as long as the page. */
export function save(storage: Pick<Storage, 'setItem'>, cart: Cart): void {
  try {
    storage.setItem(KEY, JSON.stringify(cart));
  } catch {
    // A full or refused storage must not stop a purchase.
  }
}
