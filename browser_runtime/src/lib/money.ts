/** Money as a market writes it. */

const FORMATS = new Map<string, (minor: number) => string>();

/** Amounts in the currency's minor unit, written by Intl. Remembered: making a format takes longer than a ranking. */
export function moneyFormat(currency: string, language: string): (minor: number) => string {
  const known = FORMATS.get(`${currency} ${language}`);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat(language || undefined, { style: 'currency', currency });
  const unit = 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2);
  const write = (minor: number): string => format.format(minor / unit);
  FORMATS.set(`${currency} ${language}`, write);
  return write;
}
