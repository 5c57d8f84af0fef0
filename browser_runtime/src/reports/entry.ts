/** The lazy chunk `intently-reports.js`. */

export { Reporter, type ReporterOptions } from './reporter';
