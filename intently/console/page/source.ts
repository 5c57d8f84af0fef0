/** Where the public files come from: this site, or a folder or ZIP of the auditor's own. */

import type { Engine } from './engine';
import type { Files } from './protocol';

const MANIFEST = 'manifest.json';
/** Files that signed documents name stand in at most this many steps: manifest, release, what the release names. */
const STEPS_MOST = 5;

/** One file of this origin, or undefined where there is none. */
async function fetched(address: URL): Promise<Uint8Array | undefined> {
  const response = await fetch(address, { cache: 'no-store', credentials: 'omit', redirect: 'error' });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`${address.pathname} was answered with status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The public files below `folder`: those listed, and all that they name. Files that are missing are left out. */
export async function fromSite(folder: URL, listed: string[], engine: Engine): Promise<Files> {
  const files: Files = new Map();
  const absent = new Set<string>();
  for (let step = 0; step < STEPS_MOST; step++) {
    const named = [...(await engine.wanted(files)), ...listed];
    const wanted = [...new Set(named)].filter((path) => !absent.has(path) && !files.has(path));
    if (wanted.length === 0) break;
    await Promise.all(
      wanted.map(async (path) => {
        const bytes = await fetched(new URL(path, folder));
        if (bytes === undefined) absent.add(path);
        else files.set(path, bytes);
      }),
    );
  }
  if (!files.has(MANIFEST)) throw new Error(`there is no ${MANIFEST} at ${folder.pathname}`);
  return files;
}

/** Paths made relative to the folder that holds the manifest, wherever it stands in what was given. */
export function belowManifest(given: Files): Files {
  const manifests = [...given.keys()].filter((path) => path === MANIFEST || path.endsWith(`/${MANIFEST}`));
  const shortest = manifests.sort((a, b) => a.length - b.length)[0];
  if (shortest === undefined) throw new Error(`there is no ${MANIFEST} in what you gave`);
  const prefix = shortest.slice(0, -MANIFEST.length);
  const inside = [...given].filter(([path]) => path.startsWith(prefix));
  return new Map(inside.map(([path, bytes]) => [path.slice(prefix.length), bytes]));
}

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

/** A folder that was chosen, or one ZIP. */
export async function fromFiles(chosen: File[], engine: Engine): Promise<Files> {
  const [first] = chosen;
  if (first !== undefined && chosen.length === 1 && first.name.endsWith('.zip')) {
    return belowManifest(await engine.unzip(await bytesOf(first)));
  }
  const read = chosen.map(async (file) => [file.webkitRelativePath || file.name, await bytesOf(file)] as const);
  return belowManifest(new Map(await Promise.all(read)));
}

type Entry = FileSystemEntry & Partial<FileSystemFileEntry & FileSystemDirectoryEntry>;

async function walk(entry: Entry, files: Files): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => entry.file?.(resolve, reject));
    files.set(entry.fullPath.slice(1), await bytesOf(file));
    return;
  }
  const reader = entry.createReader?.();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader?.readEntries(resolve, reject));
    if (some.length === 0) return;
    await Promise.all(some.map((inner) => walk(inner as Entry, files)));
  }
}

/** What was dropped: a folder, files, or one ZIP. */
export async function fromDrop(data: DataTransfer, engine: Engine): Promise<Files> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry());
  const zips = [...data.files].filter((file) => file.name.endsWith('.zip'));
  if (zips.length === 1 && entries.length === 1) return fromFiles(zips, engine);
  const files: Files = new Map();
  await Promise.all(entries.map((entry) => entry && walk(entry as Entry, files)));
  return belowManifest(files);
}
