/** The product that a page shows, from its JSON-LD markup (schema.org Product, also in a graph): a `view_item` each time another one appears. */

import { type Sensor, shows } from './sensor';

const SCRIPT = 'script[type="application/ld+json"]';
/** Longest markup that is read, letters: a page may carry anything. */
const TEXT_MOST = 200_000;

export const jsonLd: Sensor = (context) => {
  let read = '';
  let sku = '';
  return shows(context, 'type', () => {
    const texts = [...context.root.querySelectorAll(SCRIPT)].map(({ textContent }) => textContent ?? '');
    if (`${texts}` !== read) sku = texts.map(skuIn).find(Boolean) ?? '';
    read = `${texts}`;
    return sku;
  });
};

/** SKU of the first product in a JSON-LD text, '' for none. */
export function skuIn(text: string): string {
  try {
    return text.length > TEXT_MOST ? '' : skuOf(JSON.parse(text), 3);
  } catch {
    return '';
  }
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON
function skuOf(node: any, depth: number): string {
  if (!node || depth < 0) return '';
  if (Array.isArray(node)) return node.map((one) => skuOf(one, depth - 1)).find(Boolean) ?? '';
  if ([node['@type']].flat().includes('Product')) return String(node.sku ?? node.productID ?? '');
  return skuOf(node['@graph'] ?? node.mainEntity, depth - 1);
}
