/** EMSA-PSS-ENCODE with SHA-384 and MGF1 (RFC 8017, section 9.1.1): twin of `privacy.tokens.emsa_pss`. */

const HASH_BYTES = 48;

/** `bits` bits in as many bytes as they need. */
export async function emsaPss(message: Uint8Array, salt: Uint8Array, bits: number): Promise<Uint8Array<ArrayBuffer>> {
  const length = Math.ceil(bits / 8);
  const digest = await sha384(new Uint8Array(8), await sha384(message), salt);
  const block = joined(new Uint8Array(length - salt.length - HASH_BYTES - 2), Uint8Array.of(1), salt);
  const mask = await mgf1(digest, block.length);
  const masked = block.map((byte, at) => byte ^ (mask[at] as number));
  masked[0] = (masked[0] as number) & (0xff >> (8 * length - bits));
  return joined(masked, digest, Uint8Array.of(0xbc));
}

async function mgf1(seed: Uint8Array, length: number): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  for (let count = 0; count * HASH_BYTES < length; count++) {
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, count);
    blocks.push(await sha384(seed, number));
  }
  return joined(...blocks).subarray(0, length);
}

async function sha384(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-384', joined(...parts)));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
