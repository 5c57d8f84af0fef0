import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '../src/lib/bytes';
import { BODY_BYTES, infoOf, packPlaintext, reportPath, seal } from '../src/reports/seal';
import { casesOf } from './vectors';

async function open(body: Uint8Array, info: Uint8Array, privateHex: string): Promise<string> {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const recipientKey = await suite.kem.deserializePrivateKey(fromHex(privateHex).buffer);
  const enc = body.slice(0, 32).buffer as ArrayBuffer;
  const context = await suite.createRecipientContext({ recipientKey, enc, info: info.slice().buffer as ArrayBuffer });
  return toHex(new Uint8Array(await context.open(body.slice(32).buffer as ArrayBuffer)));
}

test('seal vectors: path, info, plaintext; ours opens, and so does theirs', async () => {
  let replayed = 0;
  for (const one of casesOf('seal')) {
    const bucket = { configuration: one.release, collection: one.collection, epoch: one.epoch, key_id: one.key_id };
    expect(reportPath(bucket)).toBe(one.path);
    expect(toHex(infoOf(bucket))).toBe(one.info_hex);
    expect(toHex(packPlaintext(one.collection, one.message))).toBe(one.plaintext_hex);
    const body = await seal(one.message, bucket, one.public_key_hex);
    expect(body.length).toBe(BODY_BYTES);
    expect(await open(body, infoOf(bucket), one.private_key_hex)).toBe(one.plaintext_hex);
    expect(await open(fromHex(one.body_hex), fromHex(one.info_hex), one.private_key_hex)).toBe(one.plaintext_hex);
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(3);
});

test('bad bodies do not open', async () => {
  let replayed = 0;
  for (const { private_key_hex, why, body_hex, info_hex } of casesOf('bad_seal')) {
    await expect(open(fromHex(body_hex), fromHex(info_hex), private_key_hex), why).rejects.toThrow();
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(6);
});
