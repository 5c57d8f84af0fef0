import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Catalogue } from '../../contracts/types';
import { UpdateRefused } from '../src/lib/errors';
import { readColumns } from '../src/updates/columns';
import { listedOf } from '../src/updates/listed';
import { SkuTable } from '../src/updates/sku_table';
import { casesOf } from './vectors';

const cases = casesOf<{ name: string; catalogue: Catalogue; file: string }>('columns');
const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(hex, 'hex'));

test('the vectors of Python are read, and answer as the JSON does', () => {
  expect(cases.length).toBe(3);
  for (const { catalogue, file } of cases) {
    const [columns, json] = [readColumns(bytesOf(file)), listedOf(catalogue)];
    expect(columns.whole()).toEqual(catalogue);
    expect([columns.size, columns.currency]).toEqual([json.size, json.currency]);
    expect([...columns.categories]).toEqual([...json.categories]);
    for (let index = -1; index <= catalogue.items.length + 1; index++) {
      expect(columns.item(index)).toEqual(json.item(index));
      expect(columns.categoryName(index)).toBe(json.categoryName(index));
    }
    for (const sku of ['', 'nowhere', ...catalogue.items.map((item) => item.sku)])
      expect(columns.indexOf(sku)).toBe(json.indexOf(sku));
  }
});

test('cut anywhere, or longer: refused; a flipped bit: refused, or every item can still be asked for', () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.nat(), fc.nat(7), ({ file }, where, bit) => {
      const whole = bytesOf(file);
      const at = where % whole.length;
      expect(() => readColumns(whole.slice(0, at))).toThrow(UpdateRefused);
      expect(() => readColumns(new Uint8Array([...whole, 0]))).toThrow(UpdateRefused);
      const flipped = whole.slice();
      flipped[at] = (whole[at] as number) ^ (1 << bit);
      try {
        readColumns(flipped).whole();
      } catch (fault) {
        expect(fault).toBeInstanceOf(UpdateRefused);
        refused++;
      }
    }),
    { numRuns: 1_000 },
  );
  expect(refused).toBeGreaterThan(100);
});

test('a file that claims more items than it holds is refused before anything is made for them', () => {
  const file = bytesOf(cases[1]?.file as string);
  new DataView(file.buffer).setUint32(8, 0xffffffff, true);
  expect(() => readColumns(file)).toThrow(/ends too early/);
});

test('SKUs whose places in the table collide are all found', () => {
  const skus = Array.from({ length: 5_000 }, (_, at) => `sku-${at}`);
  const encoded = skus.map((sku) => new TextEncoder().encode(sku));
  const table = new SkuTable(skus.length, (at) => encoded[at] as Uint8Array);
  expect(skus.map((sku) => table.find(sku))).toEqual(skus.map((_, at) => at + 1));
  expect(table.find('sku-5000')).toBeNull();
});
