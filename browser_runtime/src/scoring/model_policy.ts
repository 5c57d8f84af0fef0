/** Whether a page loads a release's model. Pure. */

import type { Release } from '../../../contracts/types';
import { modelSize } from './model_files';

/** Largest model that is loaded, bytes, where the page says nothing. */
export const MODEL_MOST_BYTES = 24 * 2 ** 20;

/** One sentence why not; '' : it is loaded. */
export function whyNoModel(release: Release, saveData: boolean, most = MODEL_MOST_BYTES): string {
  if (saveData) return "Save-Data is on, so no model is fetched; lists stand in the pool's order";
  const bytes = modelSize(release);
  return bytes > most ? `the model has ${bytes} bytes, this page allows ${most}; pool's order` : '';
}
