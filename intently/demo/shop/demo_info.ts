/** `/demo.json`, written by the demo's supervisor, and the honest sentence made of it. */

export interface DemoInfo {
  readonly title: string;
  /** The log in plain words, such as "12,400 sessions of events.parquet". */
  readonly source_words: string;
  readonly simulated: boolean;
  /** Fields of the catalogue that were made up. */
  readonly generated: readonly string[];
  readonly epoch_s: number;
  readonly minimum_batch: number;
}

const PLURALS: Readonly<Record<string, string>> = {
  name: 'names',
  category: 'categories',
  price: 'prices',
  thumbnail: 'pictures',
};

/** The information, with plain defaults for what is absent; null if the server has none. */
export async function fetchDemoInfo(fetcher: (url: string) => Promise<Response>): Promise<DemoInfo | null> {
  try {
    const answer = await fetcher('/demo.json');
    return answer.ok ? { ...UNKNOWN, ...((await answer.json()) as Partial<DemoInfo>) } : null;
  } catch {
    return null;
  }
}

const UNKNOWN: DemoInfo = {
  title: '',
  source_words: '',
  simulated: false,
  generated: [],
  epoch_s: 0,
  minimum_batch: 0,
};

/** What is real on these pages and what is not, in one sentence. */
export function honestLine(info: DemoInfo): string {
  if (info.simulated) return 'Simulated shop: its products, prices and other shoppers are made up. Only you are real.';
  const made = info.generated.map((field) => PLURALS[field] ?? field);
  const log = `Built from ${info.source_words || 'a log of real sessions'}`;
  const others = 'The other shoppers who report are simulated.';
  return made.length === 0 ? `${log}. ${others}` : `${log}; ${inWords(made)} are generated. ${others}`;
}

function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
