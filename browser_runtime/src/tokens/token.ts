/**
 * Anonymous tokens in the browser: RFC 9578, token type 2. Twin of privacy/tokens.py, which draws the layouts.
 *
 * A request is made once an epoch and kept with its blind, so that a repeated one is the identical bytes and the issuer counts it
 * once. What it saw, a blinded message, is independent of the token that comes back with the report.
 */

import { fromHex } from '../lib/bytes';
import { TokenRefused } from '../lib/errors';
import { blindMessage, SALT_BYTES, unblind } from './blind';
import { joined } from './pss';
import { toBytes, toNumber } from './rsa';

const TOKEN_TYPE = 2;
const BITS = 2048;
const MODULUS_BYTES = BITS / 8;
const NONCE_BYTES = 32;
export const TOKEN_BYTES = 98 + MODULUS_BYTES;
const CONTEXT_LABEL = 'intently/token/v1';
/** Around the modulus in a SubjectPublicKeyInfo with the RSASSA-PSS identifier, as RFC 9578, section 6.5, hashes it. */
const SPKI_HEAD = fromHex(
  '30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202' +
    'a2030201300382010f003082010a0282010100',
);
const SPKI_TAIL = fromHex('0203010001');

export type RandomBytes = (count: number) => Uint8Array;

/** A request, and what the browser keeps of it: never sent. */
export interface Asked {
  /** type u16 ‖ last byte of the key id ‖ blinded message: 259 bytes. */
  readonly request: Uint8Array<ArrayBuffer>;
  /** type u16 ‖ nonce ‖ challenge digest ‖ key id: 98 bytes. */
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly blind: Uint8Array<ArrayBuffer>;
}

/** TokenChallenge of an epoch under a configuration (RFC 9577, section 2.1.1): the same for every browser. */
export async function challengeOf(
  issuer: string,
  configuration: string,
  epoch: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const text = new TextEncoder();
  const context = await sha256(joined(text.encode(CONTEXT_LABEL), fromHex(configuration), big(epoch, 4)));
  const name = text.encode(issuer);
  return joined(big(TOKEN_TYPE, 2), big(name.length, 2), name, Uint8Array.of(context.length), context, big(0, 2));
}

/** A fresh request for a challenge. `key`: the issuer's modulus, hexadecimal. */
export function requestToken(
  key: string,
  challenge: Uint8Array<ArrayBuffer>,
  randomBytes: RandomBytes,
): Promise<Asked> {
  const [nonce, salt] = [randomBytes(NONCE_BYTES), randomBytes(SALT_BYTES)];
  const n = toNumber(fromHex(key));
  const blind = (toNumber(randomBytes(MODULUS_BYTES + 16)) % (n - 2n)) + 2n;
  return blinded(key, challenge, nonce, salt, blind);
}

/** As `requestToken`, with everything given. */
export async function blinded(
  key: string,
  challenge: Uint8Array<ArrayBuffer>,
  nonce: Uint8Array,
  salt: Uint8Array,
  blind: bigint,
): Promise<Asked> {
  const modulus = fromHex(key);
  const keyId = await sha256(joined(SPKI_HEAD, modulus, SPKI_TAIL));
  const signed = joined(big(TOKEN_TYPE, 2), nonce, await sha256(challenge), keyId);
  const message = await blindMessage(toNumber(modulus), BITS, signed, salt, blind);
  const request = joined(big(TOKEN_TYPE, 2), keyId.subarray(-1), message);
  return { request, signed, blind: toBytes(blind, MODULUS_BYTES) };
}

/** The token, 354 bytes; throws `TokenRefused` where the issuer signed something else. */
export async function finalizeToken(key: string, response: Uint8Array, asked: Asked): Promise<Uint8Array<ArrayBuffer>> {
  if (response.length !== MODULUS_BYTES)
    throw new TokenRefused(`token response: got ${response.length} bytes, want ${MODULUS_BYTES}`);
  const n = toNumber(fromHex(key));
  const signature = await unblind(n, BITS, asked.signed, response, toNumber(asked.blind));
  if (signature === null) throw new TokenRefused('token response: the issuer signed something else');
  return joined(asked.signed, signature);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Big-endian. */
function big(number: number, length: number): Uint8Array<ArrayBuffer> {
  return toBytes(BigInt(number), length);
}
