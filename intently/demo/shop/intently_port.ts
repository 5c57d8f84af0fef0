/** Everything that the shop asks of Intently, in one place; where Intently did not open, the shop goes on without it. */

import type { Catalogue, EventType, PoolItem } from '../../../contracts/types';
import { readPublicFiles } from './public_files';

export interface Status {
  readonly tier: string;
  readonly rankedMs: number | null;
  readonly poolVersion: number;
  readonly poolEpoch: number;
}

export interface Intently {
  readonly catalogue: Catalogue;
  readonly pool: readonly PoolItem[];
  record(type: EventType, item: number): void;
  setCart(items: readonly number[]): void;
  setViewing(item: number | null): void;
  status(): Status | null;
  onChange(listener: () => void): void;
}

export async function openIntently(): Promise<Intently> {
  const { catalogue, pool } = await readPublicFiles(fetch);
  return {
    catalogue,
    pool: pool.items,
    record() {},
    setCart() {},
    setViewing() {},
    status: () => null,
    onChange() {},
  };
}
