/** The lazy chunk `intently-core.js`: the runtime, and what fills `<intently-recs>`. */

export { mountRecs } from './elements/recs_view';
export { startRuntime } from './runtime';
