/**
 * The shop's own catalogue and base order, read from the shop's own server without Intently.
 *
 * A shop that stops selling when a recommender fails has been built wrongly: this is the way when Intently does not open. It
 * checks no signature, as a shop trusts its own server for its own pages; what Intently itself shows is verified by its bundle.
 */

import type { Catalogue, Envelope, Manifest, Pool, Release } from '../../../contracts/types';

export interface PublicFiles {
  readonly catalogue: Catalogue;
  readonly pool: Pool;
}

/** Catalogue and pool of the served manifest; rejects with a plain sentence. */
export async function readPublicFiles(fetcher: (url: string) => Promise<Response>): Promise<PublicFiles> {
  const read = async <T>(path: string): Promise<T> => {
    const answer = await fetcher(`/intently/${path}`);
    if (!answer.ok) throw new Error(`The shop’s server answered ${answer.status} for /intently/${path}.`);
    return (await answer.json()) as T;
  };
  const manifest = payloadOf<Manifest>(await read<Envelope>('manifest.json'));
  const release = payloadOf<Release>(await read<Envelope>(manifest.release.path));
  const [catalogue, pool] = await Promise.all([
    read<Catalogue>(release.catalogue.path),
    read<Envelope>(manifest.pool.path),
  ]);
  return { catalogue, pool: 'payload' in pool ? payloadOf<Pool>(pool) : pool };
}

function payloadOf<T>(envelope: Envelope): T {
  const bytes = Uint8Array.from(atob(envelope.payload), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
