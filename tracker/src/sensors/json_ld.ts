/** The product that a page shows, from its JSON-LD markup (schema.org Product, also in a graph): a `view_item` each time another one appears. */

import { TEXT_MOST } from '../limits';
import { attempt } from '../session';
import { type Sensor, shows } from './sensor';

export const jsonLd: Sensor = (context) => {
  let read = '';
  let sku: string | undefined;
  return shows(context, 'type', () => {
    const texts = [...context.root.querySelectorAll('script[type="application/ld+json"]')].map(
      ({ textContent }) => textContent as string,
    );
    if (`${texts}` !== read) sku = texts.map(skuIn).find(Boolean);
    read = `${texts}`;
    return sku;
  });
};

/** SKU of the first product in a JSON-LD text. */
function skuIn(text: string): string | undefined {
  return attempt(() => (text.length > TEXT_MOST ? undefined : skuOf(JSON.parse(text), 3)));
}

// biome-ignore lint/suspicious/noExplicitAny: any JSON
function skuOf(node: any, depth: number): string | undefined {
  if (!node || depth < 0) return undefined;
  if (Array.isArray(node)) return node.map((one) => skuOf(one, depth - 1)).find(Boolean);
  if ([node['@type']].flat().includes('Product')) return String(node.sku ?? node.productID ?? '');
  return skuOf(node['@graph'] ?? node.mainEntity, depth - 1);
}
