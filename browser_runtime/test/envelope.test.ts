import { expect, test } from 'vitest';
import { fromHex, toHex } from '../src/lib/bytes';
import { preAuthenticationEncoding, verifyEnvelope } from '../src/updates/envelope';
import { casesOf } from './vectors';

test('envelope vectors: encoding and signature', async () => {
  let replayed = 0;
  for (const { payload_type, payload_hex, pae_hex, public_key_hex, envelope } of casesOf('envelope')) {
    expect(toHex(preAuthenticationEncoding(payload_type, fromHex(payload_hex)))).toBe(pae_hex);
    expect(toHex(await verifyEnvelope(envelope, payload_type, public_key_hex, 'test'))).toBe(payload_hex);
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(3);
});

test('bad envelopes are refused at their step', async () => {
  const words = { type: /got type/, key: /no valid signature of key/, signature: /forged/ };
  let replayed = 0;
  for (const { payload_type, public_key_hex, fails_at, why, envelope } of casesOf('bad_envelope')) {
    await expect(verifyEnvelope(envelope, payload_type, public_key_hex, 'test'), why).rejects.toThrow(
      words[fails_at as keyof typeof words],
    );
    replayed++;
  }
  expect(replayed).toBeGreaterThanOrEqual(4);
});
