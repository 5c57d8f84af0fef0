import { readFileSync } from 'node:fs';
import { RSABSSA } from '@cloudflare/blindrsa-ts';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../src/lib/bytes';
import { blindMessage, unblind } from '../src/tokens/blind';
import { emsaPss } from '../src/tokens/pss';
import { inverse, power, toBytes, toNumber } from '../src/tokens/rsa';
import { type Asked, blinded, challengeOf, finalizeToken, requestToken, TOKEN_BYTES } from '../src/tokens/token';

function vectorOf(name: string): Record<string, Uint8Array<ArrayBuffer>> {
  const url = new URL(`../../tests/privacy/${name}.json`, import.meta.url);
  const { vector } = JSON.parse(readFileSync(url, 'utf8')) as { vector: Record<string, string> };
  return Object.fromEntries(Object.entries(vector).map(([key, text]) => [key, fromHex(text)]));
}

const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
type Bytes = Uint8Array<ArrayBuffer>;

test('the vector of RFC 9474, byte for byte', async () => {
  const { n, message, salt, encoded, inverse: inv, blinded: sent, blind_signature, signature } =
    vectorOf('rfc9474_deterministic') as Record<string, Bytes> & { message: Bytes }; // biome-ignore format: one line reads better
  const modulus = toNumber(n as Bytes);
  const blind = inverse(toNumber(inv as Bytes), modulus);
  expect(toHex(await emsaPss(message, salt as Bytes, 4095))).toBe(toHex(encoded as Bytes));
  expect(toHex(await blindMessage(modulus, 4096, message, salt as Bytes, blind))).toBe(toHex(sent as Bytes));
  const found = await unblind(modulus, 4096, message, blind_signature as Bytes, blind);
  expect(toHex(found as Bytes)).toBe(toHex(signature as Bytes));
  expect(await unblind(modulus, 4096, message, sent as Bytes, blind)).toBeNull();
});

test('the vector of RFC 9578, byte for byte', async () => {
  const v = vectorOf('rfc9578_type2') as Record<
    'pkS' | 'token_challenge' | 'nonce' | 'salt' | 'blind' | 'token_request' | 'token_response' | 'token',
    Bytes
  >;
  const key = toHex(v.pkS.subarray(-261, -5));
  const asked = await blinded(key, v.token_challenge, v.nonce, v.salt, toNumber(v.blind));
  expect(toHex(asked.request)).toBe(toHex(v.token_request));
  const token = await finalizeToken(key, v.token_response, asked);
  expect(toHex(token)).toBe(toHex(v.token));
  expect(token.length).toBe(TOKEN_BYTES);
  for (const wrong of [v.token_response.subarray(1), v.token_request.subarray(-256), new Uint8Array(256)])
    await expect(finalizeToken(key, wrong, asked)).rejects.toThrow(/token response/);
});

test('the challenge of the design, as Python writes it', async () => {
  const bytes = toHex(await challengeOf('issuer.example', 'ab'.repeat(32), 82_000));
  expect(bytes).toBe(
    '0002000e6973737565722e6578616d706c652046d4c46ed6bad300336641976c36ea63aff9ed6c68e3d456ee7dd3cb0a01a0980000',
  );
});

test("Cloudflare's blind RSA signs what we blind, and verifies what we finalize", async () => {
  const suite = RSABSSA.SHA384.PSS.Deterministic();
  const pair = await crypto.subtle.generateKey(
    { name: 'RSA-PSS', hash: 'SHA-384', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) },
    true,
    ['sign', 'verify'],
  ); // biome-ignore format: one line reads better
  const { n = '' } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const key = Buffer.from(n, 'base64url').toString('hex');
  const seen: Asked[] = [];
  for (let at = 0; at < 3; at++) {
    const asked = await requestToken(key, await challengeOf('i', 'cd'.repeat(32), at), random);
    const token = await finalizeToken(key, await suite.blindSign(pair.privateKey, asked.request.subarray(3)), asked);
    expect(await suite.verify(pair.publicKey, token.slice(98), token.slice(0, 98))).toBe(true);
    seen.push(asked);
  }
  expect(new Set(seen.map(({ request }) => toHex(request))).size).toBe(3);
});

test('whole numbers: powers, inverses, and what has none', () => {
  const n = 2n ** 127n - 1n;
  for (let at = 0; at < 50; at++) {
    const a = (toNumber(random(20)) % (n - 1n)) + 1n;
    expect((a * inverse(a, n)) % n).toBe(1n);
    expect(power(a, n - 1n, n)).toBe(1n);
    expect(toNumber(toBytes(a, 16))).toBe(a);
  }
  expect(() => inverse(21n, 49n)).toThrow(RangeError);
  expect(() => toBytes(256n, 1)).toThrow(RangeError);
});
