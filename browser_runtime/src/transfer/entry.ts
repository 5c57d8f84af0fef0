/** The lazy chunk `intently-transfer.js`: give this session to another device. */

import { generate } from 'lean-qr';
import type { Intently } from '../api';
import { PINNED } from '../constants';
import { h } from '../elements/dom';
import { sentenceOf } from '../lib/errors';
import { browserPlatform } from '../lib/platform';
import { type Offer, type OfferParts, offerCode, offerLink } from './offer';

const SVG = 'http://www.w3.org/2000/svg';
const QUIET = 4;

export { offerCode, offerLink };

export function partsOf(intently: Intently): OfferParts {
  const { now, randomBytes, fetch } = browserPlatform();
  return {
    shop: PINNED.shop,
    base: new URL('./', import.meta.url).href,
    now,
    randomBytes,
    fetch,
    state: intently.sessionState(),
  };
}

/** Buttons that make an offer, and the offer, into `place`. */
export function mountTransfer(place: HTMLElement, intently: Intently): void {
  const shown = h('div', { 'aria-live': 'polite' });
  const made = (make: (parts: OfferParts) => Promise<Offer>) => async (): Promise<void> => {
    shown.replaceChildren(h('p', {}, 'One moment …'));
    try {
      shown.replaceChildren(...pictured(await make(partsOf(intently))));
    } catch (fault) {
      shown.replaceChildren(h('p', { role: 'alert' }, sentenceOf(fault)));
    }
  };
  const link = h('button', { type: 'button', part: 'button' }, 'Show a picture to scan');
  const code = h('button', { type: 'button', part: 'button' }, 'Make a code to type');
  link.addEventListener(
    'click',
    made((parts) => offerLink(parts).catch(() => offerCode(parts))),
  );
  code.addEventListener('click', made(offerCode));
  place.replaceChildren(h('div', { class: 'buttons' }, link, code), shown);
}

function pictured({ by, url, code, expires_ms }: Offer): Node[] {
  const until = new Date(expires_ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const who =
    by === 'link'
      ? 'The picture is the session itself; no server is in it. Whoever sees it until then can take it too.'
      : 'The shop’s server keeps it locked, without the key, and gives it once. It sees that two devices met, not what they saw.';
  const copy = h('button', { type: 'button', part: 'button' }, 'Copy the link');
  copy.addEventListener('click', () => void navigator.clipboard?.writeText(url).catch(() => {}));
  return [
    qr(url),
    code === null
      ? h('span', {})
      : h(
          'p',
          {},
          'Open ',
          h('strong', {}, url.split('#')[0] ?? ''),
          ' there and type ',
          h('code', { class: 'code' }, code),
        ),
    h('p', { class: 'quiet' }, `Good until ${until}. ${who}`),
    copy,
  ];
}

function qr(text: string): SVGElement {
  const picture = generate(text);
  const size = picture.size + 2 * QUIET;
  const svg = document.createElementNS(SVG, 'svg');
  const dots: string[] = [];
  for (let y = 0; y < picture.size; y++)
    for (let x = 0; x < picture.size; x++) if (picture.get(x, y)) dots.push(`M${x + QUIET} ${y + QUIET}h1v1h-1z`);
  const parts: [string, Record<string, string>][] = [
    ['rect', { width: String(size), height: String(size), fill: '#fff' }],
    ['path', { d: dots.join(''), fill: '#000' }],
  ];
  for (const [name, attributes] of parts) {
    const part = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
    svg.append(part);
  }
  for (const [key, value] of Object.entries({
    viewBox: `0 0 ${size} ${size}`,
    class: 'qr',
    role: 'img',
    'aria-label': 'Picture of the link, to scan',
  }))
    svg.setAttribute(key, value);
  return svg;
}
