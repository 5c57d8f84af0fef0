/** Style of `<intently-privacy>`: plain text first, numbers in one face, both colour schemes. */
export const LENS_CSS = `
:host { display: block; container-type: inline-size; font: inherit; color: var(--intently-ink, CanvasText);
  --_line: var(--intently-line, color-mix(in srgb, currentColor 16%, transparent));
  --_soft: var(--intently-soft, color-mix(in srgb, currentColor 6%, transparent));
  --_accent: var(--intently-accent, light-dark(#2456c9, #7da2f0)); --_mono: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
:host([hidden]) { display: none; }
section { padding: 1rem 0 1.25rem; border-top: 1px solid var(--_line); }
section:first-of-type { border-top: 0; padding-top: 0; }
h3 { margin: 0 0 0.5rem; font-size: 1em; font-weight: 650; }
p { margin: 0 0 0.6rem; line-height: 1.5; max-width: 42rem; }
.quiet { opacity: 0.72; font-size: 0.9em; }
ol, ul { list-style: none; margin: 0; padding: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0; font-size: 0.9em; }
dt { opacity: 0.72; } dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
code { font-family: var(--_mono); font-size: 0.86em; overflow-wrap: anywhere; }
.events li { display: grid; grid-template-columns: 7.5rem 1fr max-content; gap: 0.75rem; padding: 0.3rem 0;
  font-size: 0.9em; border-bottom: 1px solid var(--_soft); }
.events li span:first-child { opacity: 0.72; }
.events li span:last-child { font-variant-numeric: tabular-nums; opacity: 0.72; }
.bar { display: grid; grid-template-columns: minmax(5rem, 10rem) 1fr 3rem; gap: 0.75rem; align-items: center;
  padding: 0.2rem 0; font-size: 0.9em; }
.bar > span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.track { height: 0.5rem; border-radius: 1rem; background: var(--_soft); overflow: hidden; }
.track i { display: block; height: 100%; border-radius: inherit; background: var(--_accent); min-width: 2px; }
.bar > span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
details { border: 1px solid var(--_line); border-radius: 0.6rem; margin: 0 0 0.5rem; }
summary { cursor: pointer; padding: 0.6rem 0.8rem; display: flex; gap: 0.6rem; align-items: baseline; flex-wrap: wrap; }
summary::marker { content: ""; }
summary .state { margin-left: auto; font-size: 0.8em; padding: 0.1rem 0.55rem; border-radius: 1rem; background: var(--_soft); }
summary .state[data-state="sent"] { background: color-mix(in srgb, var(--_accent) 16%, transparent); }
details > div { padding: 0 0.8rem 0.8rem; }
.bytes { display: block; padding: 0.6rem 0.7rem; margin: 0.4rem 0 0.6rem; border-radius: 0.4rem; background: var(--_soft); }
label { display: flex; gap: 0.6rem; align-items: baseline; padding: 0.25rem 0; }
button { font: inherit; margin-top: 0.6rem; padding: 0.45rem 0.9rem; border-radius: 0.5rem; border: 1px solid var(--_line); background: none;
  color: inherit; cursor: pointer; }
button:hover { background: var(--_soft); }
:is(button, summary, input):focus-visible { outline: 3px solid var(--intently-focus, #2563eb); outline-offset: 2px; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.1rem 0.6rem; }
button:disabled { opacity: 0.5; cursor: default; }
label:has(:disabled) { opacity: 0.55; }
.transfer .qr { display: block; width: min(15rem, 100%); height: auto; margin: 0.8rem 0; border-radius: 0.5rem; }
.transfer .code { display: block; font-size: 1.5em; letter-spacing: 0.06em; margin: 0.3rem 0; overflow-wrap: normal; }
@container (max-width: 26rem) { .events li { grid-template-columns: 6rem 1fr max-content; gap: 0.4rem; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.4rem; } }
`;
