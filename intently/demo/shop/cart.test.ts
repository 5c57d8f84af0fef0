import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { added, type Cart, countOf, load, QUANTITY_MOST, removed, save, totalOf } from './cart';

const memory = (text: string | null = null) => ({
  text,
  getItem() {
    return this.text;
  },
  setItem(_: string, text: string) {
    this.text = text;
  },
});

describe('cart', () => {
  it('adds, counts, sums and removes', () => {
    const cart = added(added(added([], 7), 9), 7);
    expect(cart).toEqual([
      { item: 7, quantity: 2 },
      { item: 9, quantity: 1 },
    ]);
    expect(countOf(cart)).toBe(3);
    expect(totalOf(cart, (item) => item * 100)).toBe(2300);
    expect(removed(cart, 7)).toEqual([{ item: 9, quantity: 1 }]);
  });

  it('never changes the cart that it was given', () => {
    const before: Cart = Object.freeze([Object.freeze({ item: 1, quantity: 1 })]);
    added(before, 1);
    removed(before, 1);
    expect(before).toEqual([{ item: 1, quantity: 1 }]);
  });

  it('keeps the count equal to the additions left, up to the most', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (items, gone) => {
          const cart = removed(items.reduce(added, [] as Cart), gone);
          expect(countOf(cart)).toBe(items.filter((item) => item !== gone).length);
          expect(cart.some((line) => line.item === gone)).toBe(false);
        },
      ),
    );
    const many = Array.from({ length: QUANTITY_MOST + 5 }, () => 3).reduce(added, [] as Cart);
    expect(countOf(many)).toBe(QUANTITY_MOST);
  });

  it('comes back from storage as it was', () => {
    const storage = memory();
    save(storage, added(added([], 4), 4));
    expect(load(storage)).toEqual([{ item: 4, quantity: 2 }]);
  });

  it.each([
    null,
    '',
    '{',
    '{}',
    '"x"',
    '[null]',
    '[{"item":0,"quantity":1}]',
    '[{"item":1.5,"quantity":1}]',
    '[{"item":1,"quantity":100}]',
  ])('is empty for damaged storage %j', (text) => expect(load(memory(text))).toEqual([]));

  it('survives refused storage', () => {
    const refused = {
      getItem: () => {
        throw new Error('refused');
      },
      setItem: () => {
        throw new Error('refused');
      },
    };
    expect(load(refused)).toEqual([]);
    expect(() => save(refused, [])).not.toThrow();
  });
});
