/** Pictures that are fetched for every candidate of a page, before any list depends on the shopper. */

/** A host that answers slowly must not hold the list back for ever, ms. */
const LIMIT_MS = 10_000;

/** Ask for all of them, shown or not; resolves when each has come or failed, or the time is over. */
export async function fetchAll(pictures: readonly HTMLImageElement[]): Promise<void> {
  for (const picture of pictures) picture.loading = 'eager';
  const over = new Promise<void>((resolve) => setTimeout(resolve, LIMIT_MS));
  await Promise.race([Promise.all(pictures.map(settled)), over]);
}

function settled(picture: HTMLImageElement): Promise<void> {
  if (picture.complete) return Promise.resolve();
  return new Promise((resolve) => {
    for (const name of ['load', 'error']) picture.addEventListener(name, () => resolve(), { once: true });
  });
}
