/**
 * A code that a person can type, and what is made of it: the name under which a server keeps the ciphertext, and the key, which
 * never leaves the two devices. 60 random bits, stretched by PBKDF2 (600,000 rounds of SHA-256, as OWASP advises): to guess a code
 * from its name would take about 2^60 such stretchings.
 */

import { TransferRefused } from '../lib/errors';
import type { RandomBytes } from '../reports/uniform';

/** Crockford's base 32: no I, L, O, U. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LETTERS = 12;
const ROUNDS = 600_000;
/** Every parcel is as long as any: the length says nothing of the session. */
export const SEALED_BYTES = 8192;
const TAG_BYTES = 16;
const IV_BYTES = 12;

export function newCode(randomBytes: RandomBytes): string {
  const letters = Array.from(randomBytes(CODE_LETTERS), (byte) => LETTERS[byte % LETTERS.length]).join('');
  return letters.replaceAll(/(.{4})(?=.)/g, '$1-');
}

/** The code as it was meant: case, hyphens, spaces and mistaken letters do not matter. Throws `TransferRefused`. */
export function meantCode(typed: string): string {
  const letters = typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (letters.length !== CODE_LETTERS || [...letters].some((letter) => !LETTERS.includes(letter)))
    throw new TransferRefused('A code has twelve letters and digits. Please look again.');
  return letters;
}

export interface Stretched {
  /** 32 hexadecimal digits. */
  readonly name: string;
  readonly key: CryptoKey;
}

export async function stretch(code: string, shop: string): Promise<Stretched> {
  const bytes = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', bytes.encode(meantCode(code)), 'PBKDF2', false, ['deriveBits']);
  const salt = bytes.encode(`intently/transfer/v1 ${shop}`);
  const bits = await crypto.subtle.deriveBits(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS },
    material,
    384,
  );
  const name = Array.from(new Uint8Array(bits, 0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
  const key = await crypto.subtle.importKey('raw', bits.slice(16), 'AES-GCM', false, ['encrypt', 'decrypt']);
  return { name, key };
}

/** iv[12] ‖ AES-256-GCM of the text, filled up with spaces. Throws `TransferRefused` for a text that does not fit. */
export async function sealParcel(
  text: string,
  key: CryptoKey,
  randomBytes: RandomBytes,
): Promise<Uint8Array<ArrayBuffer>> {
  const plain = new Uint8Array(SEALED_BYTES - IV_BYTES - TAG_BYTES).fill(32);
  const written = new TextEncoder().encode(text);
  if (written.length > plain.length) throw new TransferRefused('This session is too long to move.');
  plain.set(written);
  const iv = Uint8Array.from(randomBytes(IV_BYTES));
  const sealed = new Uint8Array(SEALED_BYTES);
  sealed.set(iv);
  sealed.set(new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain)), IV_BYTES);
  return sealed;
}

export async function unsealParcel(sealed: Uint8Array<ArrayBuffer>, key: CryptoKey): Promise<string> {
  try {
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: sealed.slice(0, IV_BYTES) },
      key,
      sealed.slice(IV_BYTES),
    );
    return new TextDecoder().decode(plain).trimEnd();
  } catch {
    throw new TransferRefused('This is no session, or it was damaged on the way.');
  }
}
