/** Prices in the currency's own notation. */

/** `formatter('EUR')(1999)` is "€19.99": `minor` counts the currency's smallest unit. */
export function formatter(currency: string, locale = 'en'): (minor: number) => string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return (minor) => format.format(minor / 10 ** digits);
}
