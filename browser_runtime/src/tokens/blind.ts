/** Blind RSA, RSABSSA-SHA384-PSS-Deterministic (RFC 9474), the client's half: blind, and finalize what the issuer signed. */

import { emsaPss } from './pss';
import { inverse, power, toBytes, toNumber } from './rsa';

export const EXPONENT = 65537n;
export const SALT_BYTES = 48;

/** EMSA-PSS(message) blind^e mod n, as many bytes as the modulus has. `bits`: of the modulus. */
export async function blindMessage(
  n: bigint,
  bits: number,
  message: Uint8Array,
  salt: Uint8Array,
  blind: bigint,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoded = toNumber(await emsaPss(message, salt, bits - 1));
  return toBytes((encoded * power(blind, EXPONENT, n)) % n, bits / 8);
}

/** The signature of `message`; null where the issuer signed something else. */
export async function unblind(
  n: bigint,
  bits: number,
  message: Uint8Array<ArrayBuffer>,
  response: Uint8Array,
  blind: bigint,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const signature = toBytes((toNumber(response) * inverse(blind, n)) % n, bits / 8);
  return (await verifies(n, bits, message, signature)) ? signature : null;
}

/** By the browser's own RSA-PSS. */
async function verifies(
  n: bigint,
  bits: number,
  message: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const jwk = { kty: 'RSA', n: base64Url(toBytes(n, bits / 8)), e: 'AQAB' };
  const key = await crypto.subtle.importKey('jwk', jwk, { name: 'RSA-PSS', hash: 'SHA-384' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'RSA-PSS', saltLength: SALT_BYTES }, key, signature, message);
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
