/**
 * Cards that change places glide: each is drawn where it stood and moves by a transform, so that the eye can follow and no layout
 * shift happens (FLIP: first, last, invert, play; Paul Lewis, 2015).
 */

const GLIDE_MS = 240;
/** Long enough for one frame at the old place: a jump in the layout would count as a shift, a transform does not. */
const JUMP_MS = 1;

/** Do `change`, which moves some of `elements`. */
export function glide(elements: readonly HTMLElement[], change: () => void): void {
  const before = elements.map(placeOf);
  change();
  const duration = matchMedia('(prefers-reduced-motion: reduce)').matches ? JUMP_MS : GLIDE_MS;
  elements.forEach((element, at) => {
    const [from, to] = [before[at], placeOf(element)];
    if (!from || !to || (from.x === to.x && from.y === to.y)) return;
    const start = `translate(${from.x - to.x}px, ${from.y - to.y}px)`;
    element.animate?.([{ transform: start }, { transform: 'none' }], { duration, easing: 'ease-out' });
  });
}

/** null: not rendered. */
function placeOf(element: HTMLElement): DOMRect | null {
  const rect = element.getBoundingClientRect();
  return rect.width > 0 ? rect : null;
}
