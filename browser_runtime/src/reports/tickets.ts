/**
 * The token of an epoch's report, where the configuration asks for tokens: fetched when the slot is opened, before any behaviour of
 * the epoch, and by each later page of it until one has come. Never again on the same page: a repeat would tell how long it stays open.
 */

import type { Platform } from '../api';
import { TokenRefused } from '../lib/errors';
import type { Asked } from '../tokens/token';
import type { Ledger } from './ledger';
import type { Slot } from './slot';

export const TOKENS_CHUNK = 'intently-tokens.js';
/** Below the issuer's origin. */
export const TOKENS_PATH = '/v1/tokens';

interface Chunk {
  readonly challengeOf: typeof import('../tokens/token').challengeOf;
  readonly requestToken: typeof import('../tokens/token').requestToken;
  readonly finalizeToken: typeof import('../tokens/token').finalizeToken;
}

export interface TicketOptions {
  readonly platform: Pick<Platform, 'now' | 'randomBytes' | 'fetch' | 'importChunk'>;
  /** Origin of the issuer where the configuration names none. */
  readonly origin: string;
}

/** Whether the report may not be sealed yet. */
export function lacksToken({ ticket = null }: Slot): boolean {
  return ticket !== null && ticket.token === null;
}

/** The body to send: the 56 sealed bytes, and the 354 of the token where there is one. */
export function withToken(sealed: Uint8Array<ArrayBuffer>, { ticket = null }: Slot): Uint8Array<ArrayBuffer> {
  return ticket?.token ? new Uint8Array([...sealed, ...ticket.token]) : sealed;
}

export class Tickets {
  /** Start of the epoch for which this page has asked. */
  private askedFor = -1;

  constructor(
    private readonly ledger: Ledger,
    private readonly options: TicketOptions,
  ) {}

  /** Ask for the slot's token if it lacks one. True: it came. Throws with a sentence where the issuer gave none. */
  async fetch(slot: Slot): Promise<boolean> {
    if (slot.state !== 'waiting' || !lacksToken(slot) || this.askedFor === slot.starts_ms) return false;
    this.askedFor = slot.starts_ms;
    const claimed = await this.ledger.claimTicket(slot.starts_ms, this.options.platform.now());
    if (claimed === null) return false;
    try {
      return await this.ask(claimed);
    } finally {
      await this.ledger.keepTicket(slot.starts_ms, { asking_until: 0 });
    }
  }

  private async ask(slot: Slot): Promise<boolean> {
    const { starts_ms, ticket } = slot;
    if (!ticket) return false;
    const chunk = (await this.options.platform.importChunk(TOKENS_CHUNK)) as Chunk;
    const asked = ticket.asked ?? (await this.made(chunk, slot));
    if (asked === null) return false;
    const response = await this.post(ticket.terms.url || this.options.origin, asked.request);
    const token = await chunk.finalizeToken(ticket.terms.key, response, asked);
    const kept = await this.ledger.keepTicket(starts_ms, { token, asked: null });
    return kept?.state === 'waiting';
  }

  /** Kept before it is sent, so that a repeated request is the identical bytes, which the issuer counts once. */
  private async made(chunk: Chunk, { starts_ms, configuration, epoch, ticket }: Slot): Promise<Asked | null> {
    if (!ticket) return null;
    const challenge = await chunk.challengeOf(ticket.terms.issuer, configuration, epoch);
    const asked = await chunk.requestToken(ticket.terms.key, challenge, this.options.platform.randomBytes);
    const kept = await this.ledger.keepTicket(starts_ms, { asked });
    return kept?.ticket?.asked ?? null;
  }

  /** With the shop's cookies: the issuer gives to signed-in accounts. */
  private async post(origin: string, request: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const answer = await this.options.platform.fetch(origin + TOKENS_PATH, {
      method: 'POST',
      body: request,
      headers: { 'Content-Type': 'application/private-token-request' },
      credentials: 'include',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      redirect: 'error',
    });
    if (!answer.ok) throw new TokenRefused(`the token issuer answered ${answer.status}`);
    return new Uint8Array(await answer.arrayBuffer());
  }
}
