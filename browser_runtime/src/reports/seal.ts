/** Wire of a report (contracts/report.py): 8 bytes of plaintext, sealed by HPKE base mode (RFC 9180) to exactly 56. */

import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { fromHex } from '../lib/bytes';

export const BODY_BYTES = 56;
const LABEL = 'intently/report/v1';
const REPORT_VERSION = 1;

export interface Bucket {
  /** SHA-256 of the configuration, hexadecimal. */
  readonly configuration: string;
  readonly collection: number;
  readonly epoch: number;
  readonly key_id: number;
}

export function reportPath({ configuration, collection, epoch, key_id }: Bucket): string {
  return `/v1/reports/${configuration}/${collection}/${epoch}/${key_id}`;
}

/** version u8 = 1 ‖ collection u8 ‖ zero u16 ‖ message u32, big-endian. */
export function packPlaintext(collection: number, message: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, REPORT_VERSION);
  view.setUint8(1, collection);
  view.setUint32(4, message);
  return bytes;
}

/** "intently/report/v1" ‖ 00 ‖ collection u8 ‖ epoch u32 ‖ key_id u8 ‖ configuration (32): 57 bytes. */
export function infoOf({ configuration, collection, epoch, key_id }: Bucket): Uint8Array<ArrayBuffer> {
  const label = new TextEncoder().encode(LABEL);
  const bytes = new Uint8Array(label.length + 1 + 6 + 32);
  const view = new DataView(bytes.buffer);
  bytes.set(label);
  view.setUint8(label.length + 1, collection);
  view.setUint32(label.length + 2, epoch);
  view.setUint8(label.length + 6, key_id);
  bytes.set(fromHex(configuration), label.length + 7);
  return bytes;
}

/** enc[32] ‖ ct[8] ‖ tag[16]. `publicKey`: X25519, hexadecimal. */
export async function seal(message: number, bucket: Bucket, publicKey: string): Promise<Uint8Array<ArrayBuffer>> {
  const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(fromHex(publicKey).buffer);
  const sender = await suite.createSenderContext({ recipientPublicKey, info: infoOf(bucket).buffer });
  const sealed = await sender.seal(packPlaintext(bucket.collection, message).buffer);
  const body = new Uint8Array(BODY_BYTES);
  body.set(new Uint8Array(sender.enc));
  body.set(new Uint8Array(sealed), sender.enc.byteLength);
  return body;
}
