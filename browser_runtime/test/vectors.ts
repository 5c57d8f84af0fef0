/** Golden vectors shared with Python. */

import { readFileSync } from 'node:fs';

// biome-ignore lint/suspicious/noExplicitAny: each file has its own shape, told by its `about`
export function casesOf<T = any>(name: string): T[] {
  const url = new URL(`../../contracts/vectors/v1/${name}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { cases: T[] }).cases;
}
