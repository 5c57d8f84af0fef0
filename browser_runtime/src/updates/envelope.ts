/** DSSE v1 envelopes (contracts/envelope.py), verified by WebCrypto's Ed25519. */

import type { Envelope } from '../../../contracts/types';
import { fromBase64, fromHex, sha256Hex } from '../lib/bytes';
import { UpdateRefused } from '../lib/errors';

export const RELEASE_TYPE = 'application/vnd.intently.release+json';
export const MANIFEST_TYPE = 'application/vnd.intently.manifest+json';

/** "DSSEv1" SP len(type) SP type SP len(payload) SP payload: what is signed. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const length = encoder.encode(payloadType).length;
  const head = encoder.encode(`DSSEv1 ${length} ${payloadType} ${payload.length} `);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

export function parseEnvelope(bytes: Uint8Array, what: string): Envelope {
  const envelope = parseJson<Envelope>(bytes, what);
  const signed =
    Array.isArray(envelope?.signatures) &&
    typeof envelope.payload === 'string' &&
    typeof envelope.payloadType === 'string';
  if (!signed) throw new UpdateRefused(`${what}: no signed envelope`);
  return envelope;
}

/** The signed bytes; throws `UpdateRefused` unless one signature of `publicKey` (hexadecimal) over `payloadType` verifies. */
export async function verifyEnvelope(
  envelope: Envelope,
  payloadType: string,
  publicKey: string,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  if (envelope.payloadType !== payloadType)
    throw new UpdateRefused(`${what}: got type ${envelope.payloadType}, want ${payloadType}`);
  const payload = payloadOf(envelope, what);
  const raw = fromHex(publicKey);
  const keyid = await sha256Hex(raw);
  const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
  const signed = preAuthenticationEncoding(payloadType, payload);
  for (const signature of envelope.signatures.filter((candidate) => candidate.keyid === keyid)) {
    if (await crypto.subtle.verify('Ed25519', key, bytesOf(signature.sig, what), signed)) return payload;
  }
  throw new UpdateRefused(`${what}: forged; no valid signature of key ${keyid.slice(0, 12)}…`);
}

/** Payload that nobody has vouched for yet. */
export function payloadOf(envelope: Envelope, what: string): Uint8Array<ArrayBuffer> {
  return bytesOf(envelope.payload, what);
}

export function parseJson<T>(bytes: Uint8Array, what: string): T {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as T;
  } catch {
    throw new UpdateRefused(`${what}: not JSON`);
  }
}

function bytesOf(base64: string, what: string): Uint8Array<ArrayBuffer> {
  try {
    return fromBase64(base64);
  } catch {
    throw new UpdateRefused(`${what}: not base64`);
  }
}
