/** The audit console's page: start Python, read the public files, show what they cost. */

import { byId } from './elements';
import { Engine } from './engine';
import type { Files } from './protocol';
import { fromDrop, fromFiles, fromSite } from './source';
import { showFacts, showFailure, showPlan, showPlanFault, showReport, showVerdict } from './view';

/** What `build_console` wrote beside the page. */
interface Settings {
  public_url: string;
  release_key: string;
  files: string[];
}

const KEY_NOTES = {
  given:
    'Compare it with a copy that did not come from this site: the one pinned in the bundle, or one you were handed.',
  open: 'Empty: the files are checked with the key that they name themselves. That shows they fit together, not who made them.',
} as const;

const base = new URL('./', location.href).href;
const key = byId<HTMLInputElement>('key');
const again = byId<HTMLButtonElement>('again');
let files: Files = new Map();

const engine = new Engine(base, (text) => {
  byId('stage').textContent = text;
});

function noteKey(): void {
  byId('key-note').textContent = key.value.trim() === '' ? KEY_NOTES.open : KEY_NOTES.given;
}

/** Read files and check them; what goes wrong is shown, never thrown. */
async function check(origin: string, read: () => Promise<Files>): Promise<void> {
  again.disabled = true;
  showVerdict('busy', 'Recomputing every guarantee', 'Reading the public files');
  try {
    files = await read();
    byId('origin').textContent = `${origin} (${files.size} files)`;
    const began = performance.now();
    const report = await engine.audit(files, key.value.trim().toLowerCase());
    showReport(report, (performance.now() - began) / 1000);
  } catch (error) {
    showFailure(error);
  }
  again.disabled = false;
}

function listen(): void {
  key.addEventListener('input', noteKey);
  byId('check').addEventListener('submit', (event) => {
    event.preventDefault();
    void check(byId('origin').textContent?.replace(/ \(\d+ files\)$/, '') ?? '', async () => files);
  });
  for (const id of ['folder', 'zip']) {
    const input = byId<HTMLInputElement>(id);
    input.addEventListener('change', () => {
      const chosen = [...(input.files ?? [])];
      void check(id === 'zip' ? (chosen[0]?.name ?? '') : 'the folder you chose', () => fromFiles(chosen, engine));
    });
  }
  byId('planning').addEventListener('submit', (event) => {
    event.preventDefault();
    engine.plan(byId<HTMLTextAreaElement>('plan').value).then(showPlan, showPlanFault);
  });
  const drop = byId('drop');
  addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  addEventListener('dragleave', () => drop.classList.remove('over'));
  addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    const { dataTransfer } = event;
    if (dataTransfer !== null) void check('what you dropped', () => fromDrop(dataTransfer, engine));
  });
}

async function main(): Promise<void> {
  const settings = (await (await fetch(`${base}console.json`, { cache: 'no-store' })).json()) as Settings;
  key.value = settings.release_key;
  noteKey();
  showFacts(await engine.start(base));
  listen();
  const folder = new URL(settings.public_url, base);
  await check(`of this site, ${folder.pathname}`, () => fromSite(folder, settings.files, engine));
}

main().catch(showFailure);
