/** Style of `<intently-recs>`: cards of a fixed size, so that nothing on the page moves when they are filled or re-ranked. */
export const RECS_CSS = `
:host { display: block; --_width: var(--intently-card-width, 11rem); --_gap: var(--intently-gap, 1rem); }
:host([hidden]) { display: none; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: var(--_gap);
  grid-template-columns: repeat(auto-fill, minmax(min(var(--_width), 100%), 1fr)); }
li { min-width: 0; }
a, button { all: unset; box-sizing: border-box; display: block; width: 100%; cursor: pointer;
  border-radius: var(--intently-radius, 0.75rem); -webkit-tap-highlight-color: transparent; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--intently-focus, #2563eb); outline-offset: 3px; }
.frame { display: block; aspect-ratio: var(--intently-aspect, 1); overflow: hidden; border-radius: inherit;
  background: var(--intently-empty, #eceef2); }
img { display: block; width: 100%; height: 100%; object-fit: cover; }
.name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
  margin: 0.5rem 0 0.25rem; line-height: 1.3; height: 2.6em; }
.price { display: block; line-height: 1.4; height: 1.4em; font-weight: 600; }
li[data-empty] { visibility: hidden; }
li[data-waiting] .name, li[data-waiting] .price { color: transparent; background: var(--intently-empty, #eceef2);
  border-radius: 0.3rem; }
li[data-waiting] .price { width: 40%; }
`;
