/** The receiving page, `intently-receive.html`: it loads this script and nothing else, and its address is cleared before anything is done. */

import { isAct } from '../../../tracker/src/state';
import { PINNED } from '../constants';
import { h } from '../elements/dom';
import { sentenceOf } from '../lib/errors';
import type { Parcel } from './payload';
import { parcelFrom, parcelOfCode, type Receiving, take } from './receive';

// First of all: what follows, and whatever might yet come onto this page, finds an address that says nothing.
const fragment = location.hash;
history.replaceState(null, '', location.pathname);

const receiving: Receiving = {
  shop: PINNED.shop,
  base: new URL('./', import.meta.url).href,
  now: () => Date.now(),
  fetch: (url, init) => fetch(url, init),
  session: attempt(() => sessionStorage),
  local: attempt(() => localStorage),
};
const place = document.querySelector('main') as HTMLElement;

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function say(...children: (Node | string)[]): void {
  place.replaceChildren(h('h1', {}, 'Your session from another device'), ...children);
}

function ask(parcel: Parcel): void {
  const looked = new Set(parcel.state.events.filter(isAct).map(({ item }) => item)).size;
  const yes = h('button', { type: 'button', class: 'main' }, 'Continue here');
  const no = h('button', { type: 'button' }, 'No, leave it');
  yes.addEventListener('click', () => {
    const kept = take(parcel, receiving);
    if (kept) location.replace('/');
    else say(h('p', {}, 'This browser keeps nothing between pages, so the session cannot go on here.'));
  });
  no.addEventListener('click', () => say(h('p', {}, 'Nothing was taken over. You can shut this page.')));
  say(
    h(
      'p',
      {},
      `It holds ${looked} item${looked === 1 ? '' : 's'} looked at and ${parcel.state.cart.length} in the cart.`,
    ),
    h('p', {}, 'Is it yours? It is added to what this tab knows; nothing that is here is lost or replaced.'),
    h('p', { class: 'buttons' }, yes, no),
  );
}

function askForCode(): void {
  const input = h('input', {
    name: 'code',
    autocomplete: 'off',
    autocapitalize: 'characters',
    spellcheck: 'false',
    'aria-label': 'Code',
  });
  const form = h('form', {}, input, h('button', { class: 'main' }, 'Go on'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void show(parcelOfCode(input.value, receiving), askForCode);
  });
  say(h('p', {}, 'Type the code that the other device shows.'), form);
  input.focus();
}

async function show(coming: Promise<Parcel>, again: () => void): Promise<void> {
  say(h('p', {}, 'One moment …'));
  try {
    ask(await coming);
  } catch (fault) {
    again();
    place.append(h('p', { role: 'alert' }, sentenceOf(fault)));
  }
}

if (fragment.length > 1) void show(parcelFrom(fragment, receiving), askForCode);
else askForCode();
