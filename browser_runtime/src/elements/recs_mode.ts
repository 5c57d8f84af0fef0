/** Which pictures a list may ask for. Pure. A picture asked for a chosen item alone tells its host the list. */

export type CardsMode = 'page' | 'local' | 'shop';

/**
 * `asked`: the element's attribute; `fixed`: whether the page names the candidates, so that the pictures of all of them can be
 * fetched, whatever is shown. `shop` holds only where the signed configuration and the bundle say so too.
 */
export function cardsMode(asked: string | null, fixed: boolean, signed: CardsMode, pinned: CardsMode): CardsMode {
  if (asked === 'shop' && allowedCards(signed, pinned) === 'shop') return 'shop';
  if (asked === 'local' || asked === 'shop') return 'local';
  return fixed ? 'page' : 'local';
}

/** The signed mode, but never `shop` in a bundle that does not pin it: a key that was stolen cannot make pictures tell. */
export function allowedCards(signed: CardsMode, pinned: CardsMode): CardsMode {
  return signed === 'shop' && pinned !== 'shop' ? pinned : signed;
}
