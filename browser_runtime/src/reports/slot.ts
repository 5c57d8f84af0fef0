/** What this browser remembers of one epoch: the coin, the draw, and what left. */

import type { Collection, TokenTerms } from '../../../contracts/types';
import type { ReportState } from '../api';
import type { Asked } from '../tokens/token';

/** What a report needs besides, where the configuration asks for tokens. Emptied at sealing: the token is then in the body. */
export interface Ticket {
  readonly terms: TokenTerms;
  /** The request, kept until the token has come. */
  readonly asked: Asked | null;
  readonly token: Uint8Array<ArrayBuffer> | null;
  /** A tab is asking until then; 0: none. */
  readonly asking_until: number;
}

export interface Slot {
  /** The epoch's start and end, ms since 1970. The start is the key: one report an epoch over all tabs. */
  readonly starts_ms: number;
  readonly ends_ms: number;
  readonly epoch: number;
  readonly shop: string;
  /** SHA-256 of the configuration that was in force at the draw, hexadecimal. */
  readonly configuration: string;
  readonly collection: Collection;
  readonly cap_micro: number;
  readonly key_id: number;
  readonly public_key: string;
  readonly url: string;
  /** T on the wall clock. */
  readonly due_ms: number;
  /** Reservoir: events of the collection's kind so far, and the one held. Emptied at sealing. */
  readonly seen: number;
  readonly value: number;
  readonly state: ReportState;
  /** What the ledger was debited, millionths of epsilon; 0 before sealing. */
  readonly debit_micro: number;
  /** When it was debited. */
  readonly sealed_ms: number;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** -1 before sealing. */
  readonly message: number;
  readonly supporters: number;
  readonly http_status: number;
  /** A tab is sending, or lately sent, until then; above 0 the bytes may have left. 0: nothing left. */
  readonly sending_until: number;
  /** Absent or null: no token is asked for. */
  readonly ticket?: Ticket | null;
}

/** The reserved value: nothing of the collection's kind happened. */
export const NONE = 0;

/** Neither sealed nor sent from here on; what was debited stays debited, and no value stays. */
export function droppedOf(slot: Slot): Slot {
  return { ...slot, state: 'dropped', seen: 0, value: NONE, ticket: null };
}
