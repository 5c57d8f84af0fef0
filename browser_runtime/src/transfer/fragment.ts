/** Text in the part of an address after `#`, which browsers send to no server: deflated, base64url. */

export async function toFragment(text: string): Promise<string> {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream('deflate-raw'));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Longest text that a fragment may unfold to, bytes: a planted one must not fill the memory. */
const UNFOLDED_MOST = 32_768;

/** Throws on what is no such fragment. */
export async function fromFragment(fragment: string): Promise<string> {
  const packed = Uint8Array.from(atob(fragment.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  );
  return new TextDecoder().decode(await through(packed, new DecompressionStream('deflate-raw')));
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts: number[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Uint8Array.from(parts);
    if (parts.length + value.length > UNFOLDED_MOST) throw new RangeError('too long');
    for (const byte of value as Uint8Array) parts.push(byte);
  }
}
