/** URL of another file of the bundle: beside this one, wherever the shop serves it. */
export function bundleUrl(name: string): string {
  return new URL(name, import.meta.url).href;
}
