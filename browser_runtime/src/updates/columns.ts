/** The catalogue in columns (layout: contracts/columns.py): views of the file's own bytes; a text is decoded when it is shown. */

import type { Catalogue, Item } from '../../../contracts/types';
import { UpdateRefused } from '../lib/errors';
import { parseJson } from './envelope';
import type { Listed } from './listed';
import { SkuTable } from './sku_table';

const MAGIC = 0x43544e49; // "INTC"

type About = Omit<Catalogue, 'items'>;

/** Throws `UpdateRefused` for what is no such file, whole. */
export function readColumns(bytes: Uint8Array<ArrayBuffer>): Listed {
  const reader = new Reader(bytes);
  const [magic, layout, items, length] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  if (magic !== MAGIC || (layout & 0xffff) !== 1 || layout >>> 16 > 1) refuse('the file is not one of this layout');
  const about = aboutOf(reader.take(length));
  reader.take(-length & 3);
  const prices = reader.u32s(items);
  const pictures = reader.u32s(layout >>> 16 ? items : 0);
  const categories = reader.u16s(items + 1);
  const [skuBytes, nameBytes] = [reader.u16s(items), reader.u16s(items)];
  let highest = 0;
  for (let at = 0; at <= items; at++) if ((categories[at] as number) > highest) highest = categories[at] as number;
  if (categories[0] !== 0 || highest > about.categories.length) refuse('an item is of a category that is not there');
  const [skus, names, thumbnails] = [skuBytes, nameBytes, pictures].map((lengths) => reader.texts(lengths)) as Column[];
  reader.end();
  return new Columns(about, prices, categories, skus as Column, names as Column, thumbnails as Column);
}

class Columns implements Listed {
  readonly currency: string;
  readonly size: number;
  private bySku: SkuTable | null = null;
  private document: Catalogue | null = null;

  constructor(
    private readonly about: About,
    private readonly prices: Uint32Array,
    readonly categories: Uint16Array<ArrayBuffer>,
    private readonly skus: Column,
    private readonly names: Column,
    private readonly thumbnails: Column,
  ) {
    this.currency = about.currency;
    this.size = prices.length;
  }

  item(index: number): Item | null {
    if (!Number.isInteger(index) || index < 1 || index > this.size) return null;
    const at = index - 1;
    return {
      sku: this.skus.text(at),
      name: this.names.text(at),
      category: this.categories[index] as number,
      price_minor: this.prices[at] as number,
      thumbnail: this.thumbnails.text(at),
    };
  }

  categoryName(category: number): string {
    return this.about.categories[category - 1]?.name ?? '';
  }

  categoryOf(name: string): number {
    return this.about.categories.findIndex((category) => category.name === name) + 1;
  }

  indexOf(sku: string): number | null {
    this.bySku ??= new SkuTable(this.size, (at) => this.skus.bytes(at));
    return this.bySku.find(sku);
  }

  whole(): Catalogue {
    const items = (): Item[] => Array.from({ length: this.size }, (_, at) => this.item(at + 1) as Item);
    this.document ??= { ...this.about, items: items() };
    return this.document;
  }
}

/** Texts that stand one behind the other. */
class Column {
  private readonly decoder = new TextDecoder();

  constructor(
    private readonly held: Uint8Array,
    /** Where text i begins, and its end. */
    private readonly starts: Uint32Array,
  ) {}

  /** '' beyond the last. */
  text(at: number): string {
    return this.decoder.decode(this.bytes(at));
  }

  bytes(at: number): Uint8Array {
    return this.held.subarray(this.starts[at] ?? 0, this.starts[at + 1] ?? 0);
  }
}

/** Takes from the front; throws `UpdateRefused` where the file ends too early. */
class Reader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array<ArrayBuffer>) {
    // Views of 4 bytes want an even beginning; a file from the network has it.
    if (bytes.byteOffset % 4 !== 0) this.bytes = bytes.slice();
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.at + length > this.bytes.length) refuse('the file ends too early');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u32(): number {
    return this.u32s(1)[0] as number;
  }

  u32s(count: number): Uint32Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.take(4 * count);
    return new Uint32Array(buffer, byteOffset, count);
  }

  u16s(count: number): Uint16Array<ArrayBuffer> {
    const { buffer, byteOffset } = this.take(2 * count);
    return new Uint16Array(buffer, byteOffset, count);
  }

  texts(lengths: ArrayLike<number>): Column {
    const starts = new Uint32Array(lengths.length + 1);
    let end = 0;
    for (let at = 0; at < lengths.length; at++) starts[at + 1] = end += lengths[at] as number;
    return new Column(this.take(end), starts);
  }

  end(): void {
    if (this.at !== this.bytes.length) refuse('the file goes on behind its end');
  }
}

function aboutOf(head: Uint8Array): About {
  const about = parseJson<About>(head, 'catalogue: columns');
  const named = Array.isArray(about?.categories) && about.categories.every((one) => typeof one?.name === 'string');
  if (typeof about?.shop !== 'string' || typeof about.currency !== 'string' || !named) refuse('its head is malformed');
  return about;
}

function refuse(why: string): never {
  throw new UpdateRefused(`catalogue: columns refused: ${why}`);
}
