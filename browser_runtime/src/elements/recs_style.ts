/** Style of `<intently-recs>`: cards of a fixed size, so that nothing on the page moves when they are filled or re-ranked. */
export const RECS_CSS = `
:host { display: block; --_width: var(--intently-card-width, 11rem); --_gap: var(--intently-gap, 1rem); }
:host([hidden]) { display: none; }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: var(--_gap);
  grid-template-columns: repeat(auto-fill, minmax(min(var(--_width), 100%), 1fr)); }
li { min-width: 0; position: relative; }
a, button { all: unset; box-sizing: border-box; display: block; width: 100%; cursor: pointer;
  border-radius: var(--intently-radius, 0.75rem); -webkit-tap-highlight-color: transparent; }
a:focus-visible, button:focus-visible { outline: 3px solid var(--intently-focus, #2563eb); outline-offset: 3px; }
.frame { display: block; aspect-ratio: var(--intently-aspect, 1); overflow: hidden; border-radius: var(--intently-radius, 0.75rem);
  background: var(--intently-empty, #eceef2); }
img { display: block; width: 100%; height: 100%; object-fit: cover; }
.name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden;
  margin: 0.5rem 0 0.25rem; line-height: 1.3; height: 2.6em; }
.price { display: block; line-height: 1.4; height: 1.4em; font-weight: 600; }
.why { display: block; font-size: 0.8em; line-height: 1.35; height: 2.7em; overflow: hidden; opacity: 0.75; }
.dismiss { position: absolute; top: 0.35rem; right: 0.35rem; width: 1.75rem; height: 1.75rem; line-height: 1.75rem; text-align: center;
  border-radius: 50%; background: #fff; color: #1f2937; box-shadow: 0 0 2px #0006; opacity: 0; transition: opacity 0.12s; }
li:hover .dismiss, li:focus-within .dismiss { opacity: 1; }
@media (hover: none) { .dismiss { opacity: 0.85; } }
@media (prefers-reduced-motion: reduce) { .dismiss { transition: none; } }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
li[data-empty] { visibility: hidden; }
li[data-waiting] .name, li[data-waiting] .price { background: var(--intently-empty, #eceef2); border-radius: 0.3rem; }
li[data-waiting] .price { width: 40%; }
`;
