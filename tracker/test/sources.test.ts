import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = new URL('../src/', import.meta.url).pathname;
/** Ways for a script to reach the network. */
const NETWORK =
  /\b(fetch|XMLHttpRequest|sendBeacon|WebSocket|EventSource|RTCPeerConnection|importScripts|fetchLater|WebTransport|new Image|import\()/;

function callsNetwork(source: string): boolean {
  return NETWORK.test(source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''));
}

test('the tracker makes no network call', () => {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(files.length).toBeGreaterThanOrEqual(9);
  for (const file of files) expect(callsNetwork(readFileSync(join(FOLDER, file), 'utf8')), file).toBe(false);
});

test('a planted beacon is seen', () => {
  expect(callsNetwork("navigator.sendBeacon('/x')")).toBe(true);
  expect(callsNetwork('new Image().src = address')).toBe(true);
  expect(callsNetwork('// no fetch here')).toBe(false);
});
