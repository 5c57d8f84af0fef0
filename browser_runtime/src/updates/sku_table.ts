/** Catalogue index by SKU: an open-addressed table over the file's bytes, made in a few ms without a string for each item. */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class SkuTable {
  /** Index from 1, 0 for a free place. */
  private readonly places: Uint32Array;
  private readonly mask: number;

  /** `skuOf(at)`: UTF-8 of the SKU of item at + 1. */
  constructor(
    size: number,
    private readonly skuOf: (at: number) => Uint8Array,
  ) {
    this.mask = 2 ** Math.ceil(Math.log2(2 * size + 2)) - 1;
    this.places = new Uint32Array(this.mask + 1);
    for (let at = 0; at < size; at++) {
      let place = hashOf(skuOf(at)) & this.mask;
      while (this.places[place] !== 0) place = (place + 1) & this.mask;
      this.places[place] = at + 1;
    }
  }

  /** null: no item has this SKU. */
  find(sku: string): number | null {
    const wanted = new TextEncoder().encode(sku);
    for (let place = hashOf(wanted) & this.mask; this.places[place] !== 0; place = (place + 1) & this.mask) {
      const index = this.places[place] as number;
      if (equal(this.skuOf(index - 1), wanted)) return index;
    }
    return null;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
