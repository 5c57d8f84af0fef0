import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hrefOf, isOurs, parseRoute, type Route } from './router';

const ORIGIN = 'http://shop.test';
const parse = (path: string): Route => parseRoute(new URL(path, ORIGIN));

describe('parseRoute', () => {
  it.each([
    ['/', { page: 'list', category: 0 }],
    ['/?category=3', { page: 'list', category: 3 }],
    ['/product/12', { page: 'product', item: 12 }],
    ['/product/12/', { page: 'product', item: 12 }],
    ['/cart', { page: 'cart' }],
    ['/privacy', { page: 'privacy' }],
  ])('reads %s', (path, route) => expect(parse(path)).toEqual(route));

  it.each([
    '/product/0',
    '/product/x',
    '/product/1e3',
    '/product/',
    '/nothing',
    '/?category=-1',
    '/?category=',
    '/cart/1',
  ])('finds nothing at %s', (path) => expect(parse(path)).toEqual({ page: 'missing' }));

  it('is the inverse of hrefOf', () => {
    const index = fc.integer({ min: 1, max: 999_999_999 });
    const routes: fc.Arbitrary<Route> = fc.oneof(
      fc.oneof(fc.constant(0), index).map((category) => ({ page: 'list' as const, category })),
      index.map((item) => ({ page: 'product' as const, item })),
      fc.constantFrom({ page: 'cart' as const }, { page: 'privacy' as const }),
    );
    fc.assert(
      fc.property(routes, (route) => {
        expect(parse(hrefOf(route))).toEqual(route);
      }),
    );
  });
});

describe('isOurs', () => {
  const click = (change = {}) =>
    ({
      metaKey: false,
      ctrlKey: false,
      shiftKey: false,
      altKey: false,
      button: 0,
      defaultPrevented: false,
      ...change,
    }) as MouseEvent;
  const link = (change = {}) => ({ href: `${ORIGIN}/cart`, target: '', hash: '', ...change }) as HTMLAnchorElement;

  it('takes plain clicks on the shop itself', () => expect(isOurs(click(), link(), ORIGIN)).toBe(true));

  it.each([
    ['a new tab', click({ ctrlKey: true }), link()],
    ['the middle button', click({ button: 1 }), link()],
    ['a handled click', click({ defaultPrevented: true }), link()],
    ['another origin', click(), link({ href: 'http://elsewhere.test/' })],
    ['another target', click(), link({ target: '_blank' })],
    ['a place on the page', click(), link({ hash: '#main' })],
  ])('leaves %s to the browser', (_, event, anchor) => expect(isOurs(event, anchor, ORIGIN)).toBe(false));
});
