/** The lazy chunk `intently-reports.js`: what draws, seals and sends; and its parts by name, for `intently audit randomizer`. */

export { randomize } from './randomizer';
export { Reporter, type ReporterOptions } from './reporter';
export { systemRandomBytes } from './uniform';
