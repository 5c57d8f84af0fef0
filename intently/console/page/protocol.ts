/** What the page and its worker say to each other, and the report that Python hands over. */

/** A file's path below the public folder, and its bytes. */
export type Files = Map<string, Uint8Array>;

export type ToWorker =
  | { kind: 'start'; base: string }
  | { kind: 'wanted'; id: number; files: Files }
  | { kind: 'audit'; id: number; files: Files; releaseKey: string }
  | { kind: 'plan'; id: number; text: string }
  | { kind: 'unzip'; id: number; zip: Uint8Array };

export type FromWorker =
  | { kind: 'stage'; text: string }
  | { kind: 'ready'; facts: Facts }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'unstarted'; message: string }
  | { kind: 'failed'; id: number; message: string };

/** What runs: shown below the results. */
export interface Facts {
  python: string;
  pyodide: string;
  wheel: string;
  wheelSha256: string;
  sources: Record<string, string>;
}

/** One fault, with its exact place. */
export interface Problem {
  where: string;
  what: string;
}

/** A closed bucket. Numbers are text as Python printed them. */
export interface ReceiptRow {
  path: string;
  collection: string;
  epoch: string;
  reports: string;
  operators: string;
  mechanism: string;
  local: string;
  shuffled: string;
  public: string;
  delta: string;
  entry: string;
  ok: boolean;
}

/** What one client that reported in every epoch so far has spent towards one audience. */
export interface TotalRow {
  collection: string;
  audience: string;
  epochs: string;
  reports: string;
  epsilon: string;
  delta: string;
}

/** `intently_console.audit`: the same sums as `intently audit verify`. */
export interface Report {
  ok: boolean;
  pinned: boolean;
  summary: string;
  problems: Problem[];
  about: [string, string][];
  receipts: ReceiptRow[];
  totals: TotalRow[];
  explain: Explained;
}

/** What `intently audit explain` says. */
export interface Explained {
  learners: { who: string; learns: string[] }[];
  spent: SpentRow[];
}

/** What the ledger holds of a collection; the sum of all comes last. */
export interface SpentRow {
  collection: string;
  closes: string;
  reports: string;
  epsilon: string;
}

/** One collection of a plan against one audience. */
export interface PlanRow {
  collection: string;
  audience: string;
  report: string;
  day: string;
  month: string;
  cap: string;
  year: string;
  reports: string;
}

/** `intently_console.plan`: the same sums as `intently audit plan`. */
export interface PlanReport {
  fits: boolean;
  summary: string;
  rows: PlanRow[];
  notes: string[];
}
