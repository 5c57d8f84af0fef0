/** Pyodide in a worker: the page stays alive while Python starts and computes. */

import type { PyodideAPI } from 'pyodide';
import type { Facts, Files, FromWorker, ToWorker } from './protocol';
import { holds, knowsEd25519, type Question } from './signatures';

/** Python asks for signatures until it has all answers: once, and once more where an answer changed its way. */
const ROUNDS_MOST = 6;

interface Ledger {
  info: { python: string };
  packages: Record<string, { file_name: string; sha256: string }>;
}

let python: PyodideAPI | undefined;

function say(message: FromWorker): void {
  postMessage(message);
}

function started(): PyodideAPI {
  if (python === undefined) throw new Error('Python has not started');
  return python;
}

/** Call a function of `intently_console` that takes {path: bytes} and texts, and returns JSON. */
function call(name: string, files: Files, ...words: string[]): unknown {
  const module = started().pyimport('intently_console');
  const given = started().toPy(files);
  try {
    return JSON.parse(module[name](given, ...words));
  } finally {
    given.destroy();
    module.destroy();
  }
}

async function start(base: string): Promise<Facts> {
  if (!(await knowsEd25519())) throw new Error('this browser cannot check Ed25519 signatures; use a newer one');
  say({ kind: 'stage', text: 'Fetching Python from this site' });
  const address = `${base}pyodide/pyodide.mjs`;
  const { loadPyodide, version } = (await import(address)) as typeof import('pyodide');
  say({ kind: 'stage', text: 'Starting Python' });
  const lockFileURL = `${base}pyodide-lock.json`;
  const lock = (await (await fetch(lockFileURL)).json()) as Ledger;
  python = await loadPyodide({ indexURL: `${base}pyodide/`, lockFileURL, packageBaseUrl: base });
  say({ kind: 'stage', text: 'Loading the accountant' });
  const [[name, wheel]] = Object.entries(lock.packages) as [[string, Ledger['packages'][string]]];
  await python.loadPackage(name, { checkIntegrity: true, messageCallback: () => {} });
  return {
    python: lock.info.python,
    pyodide: version,
    wheel: wheel.file_name,
    wheelSha256: wheel.sha256,
    sources: call('sources', new Map()) as Record<string, string>,
  };
}

/** Run the audit with the signatures answered so far, until Python asks for no more. */
async function audit(files: Files, releaseKey: string): Promise<unknown> {
  const answers: [...Question, boolean][] = [];
  for (let round = 0; round < ROUNDS_MOST; round++) {
    const said = call('audit', files, releaseKey, JSON.stringify(answers)) as { asked: Question[]; report: unknown };
    if (said.asked.length === 0) return said.report;
    say({ kind: 'stage', text: `Checking ${said.asked.length} signatures` });
    for (const question of said.asked) answers.push([...question, await holds(question)]);
    say({ kind: 'stage', text: 'Recomputing every guarantee' });
  }
  throw new Error(`signatures were still open after ${ROUNDS_MOST} rounds`);
}

async function answer(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'start':
      return say({ kind: 'ready', facts: await start(message.base) });
    case 'wanted':
      return say({ kind: 'answer', id: message.id, value: call('wanted', message.files) });
    case 'audit':
      return say({ kind: 'answer', id: message.id, value: await audit(message.files, message.releaseKey) });
    case 'plan':
      return say({ kind: 'answer', id: message.id, value: call('plan', new Map(), message.text) });
    case 'unzip': {
      const module = started().pyimport('intently_console');
      const members = module.unzip(message.zip);
      const files: Files = new Map(members.toJs());
      members.destroy();
      return say({ kind: 'answer', id: message.id, value: files });
    }
  }
}

/** The last line of a Python traceback is the sentence that a person can use. */
function sentence(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error)
    .trim()
    .split('\n');
  return lines[lines.length - 1] ?? 'unknown failure';
}

addEventListener('message', (event: MessageEvent<ToWorker>) => {
  const request = event.data;
  answer(request).catch((error) => {
    const message = sentence(error);
    say(request.kind === 'start' ? { kind: 'unstarted', message } : { kind: 'failed', id: request.id, message });
  });
});
