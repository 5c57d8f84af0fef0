/** Opens Intently as any shop would, and opens the shop without it where it does not come. */

import type { createIntently, Intently } from '../../../browser_runtime/src/index';
import type { Catalogue, Pool } from '../../../contracts/types';
import { readPublicFiles } from './public_files';

/** The same URL as the page's script tag, so it is fetched and run once. */
const BUNDLE_URL = '/intently/intently.js';
/** Set on `<html>` where there is no Intently: the style sheet then leaves no empty frame. */
const WITHOUT = 'without-intently';

export interface Opened {
  /** null: the shop runs without it. */
  readonly intently: Intently | null;
  readonly catalogue: Catalogue;
  readonly pool: Pool;
}

/** Intently with its verified files; else the shop's own files. Rejects only where even those cannot be read. */
export async function openIntently(): Promise<Opened> {
  const intently = await start();
  if (intently && (await intently.ready) && intently.held) {
    return { intently, catalogue: intently.held.catalogue, pool: intently.held.pool };
  }
  document.documentElement.classList.add(WITHOUT);
  return { intently: null, ...(await readPublicFiles((url) => fetch(url))) };
}

async function start(): Promise<Intently | null> {
  try {
    const bundle = (await import(BUNDLE_URL)) as { createIntently: typeof createIntently };
    return bundle.createIntently();
  } catch {
    return null;
  }
}
