/** Ed25519 by WebCrypto: Python asks, the browser answers. */

/** One question: public key (32 bytes, hex), payload type, payload and signature (64 bytes), both base64. */
export type Question = [key: string, payloadType: string, payload: string, signature: string];

/** Bytes of hexadecimal text; throws on anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (!/^([0-9a-f]{2})*$/.test(text)) throw new Error(`not lower-case hexadecimal: ${text.slice(0, 80)}`);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Bytes of base64 text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Whether this browser's WebCrypto knows Ed25519 at all (Chromium 137, Firefox 129, Safari 17 and newer do). */
export async function knowsEd25519(): Promise<boolean> {
  try {
    await crypto.subtle.importKey('raw', new Uint8Array(32), 'Ed25519', false, ['verify']);
    return true;
  } catch (error) {
    return !(error instanceof DOMException && error.name === 'NotSupportedError');
  }
}

/** What DSSE v1 signs: see contracts/envelope.py. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const kind = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(`DSSEv1 ${kind.length} ${payloadType} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

/** Whether the signature holds; a key or signature that is malformed does not. */
export async function holds([key, payloadType, payload, signature]: Question): Promise<boolean> {
  try {
    const imported = await crypto.subtle.importKey('raw', fromHex(key), 'Ed25519', false, ['verify']);
    const signed = preAuthenticationEncoding(payloadType, fromBase64(payload));
    return await crypto.subtle.verify('Ed25519', imported, fromBase64(signature), signed);
  } catch {
    return false;
  }
}
