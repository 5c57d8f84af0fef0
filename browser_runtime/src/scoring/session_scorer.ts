/** One scoring for one state of the session: lists of the same candidates share it. */

import type { Event } from '../../../contracts/types';
import type { Scoring } from '../api';
import { encode, type Inputs } from '../features';
import { ScorerFailed } from '../lib/errors';
import { intentOf } from '../ranking/intent';
import type { HeldSet } from '../updates/updater';
import { type Scored, type Scorer, TOP_MOST } from './scorer';

/** In place of candidates: the best `TOP_MOST` of all items that the model knows. */
export const BEST_OF_ALL: readonly number[] = [];

/** Lists of different candidates on one page that share nothing; older scorings are forgotten. */
const REMEMBERED = 4;

interface Remembered {
  readonly key: string;
  readonly candidates: readonly number[];
  readonly scorer: Scorer;
  readonly scoring: Promise<Scoring>;
}

export class SessionScorer {
  private remembered: readonly Remembered[] = [];

  constructor(private readonly monotonic: () => number) {}

  /** null: the session holds nothing that the model reads. Rejects with `ScorerFailed`. */
  score(
    held: HeldSet,
    scorer: Scorer,
    events: readonly Event[],
    candidates: readonly number[],
  ): Promise<Scoring> | null {
    const began = this.monotonic();
    const inputs = encode(scorer.featureSpec, events);
    if (!inputs.item?.length) return null;
    const key = JSON.stringify(Object.values(inputs).map((values) => [...values]));
    const same = this.remembered.find(
      (one) => one.key === key && one.scorer === scorer && equal(one.candidates, candidates),
    );
    if (same !== undefined) return same.scoring;
    const features = this.monotonic() - began;
    const scoring =
      candidates === BEST_OF_ALL
        ? this.runTop(held, scorer, inputs, features)
        : this.run(held, scorer, inputs, candidates, features);
    this.remembered = [...this.remembered, { key, candidates, scorer, scoring }].slice(-REMEMBERED);
    return scoring;
  }

  private async run(
    held: HeldSet,
    scorer: Scorer,
    inputs: Inputs,
    candidates: readonly number[],
    features: number,
  ): Promise<Scoring> {
    const items = itemsKnown(scorer);
    const known = candidates.filter((item) => item <= items);
    const asked = this.monotonic();
    const { scores, embedding, modelMs } = await scorer.score(inputs, Int32Array.from(known));
    const worker = this.monotonic() - asked;
    return scoringOf(held, inputs, known, { scores, embedding, modelMs }, { features, worker });
  }

  /** The catalogue's best alone: what no list shows is neither sent nor sorted. */
  private async runTop(held: HeldSet, scorer: Scorer, inputs: Inputs, features: number): Promise<Scoring> {
    if (scorer.top === null) throw new ScorerFailed('this tier does not sort');
    const asked = this.monotonic();
    const top = await scorer.top(inputs, TOP_MOST);
    return scoringOf(held, inputs, [...top.items], top, { features, worker: this.monotonic() - asked });
  }
}

function scoringOf(
  held: HeldSet,
  inputs: Inputs,
  candidates: readonly number[],
  scored: Pick<Scored, 'scores' | 'embedding' | 'modelMs'>,
  took: { readonly features: number; readonly worker: number },
): Scoring {
  return {
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]])),
    candidates,
    scores: [...scored.scores],
    embedding: [...scored.embedding],
    intent: intentOf(candidates, scored.scores, held.listed),
    ms: { ...took, model: scored.modelMs, rank: 0, total: took.features + took.worker },
  };
}

/** Highest catalogue index that the model knows; an item above has no score and comes last. */
function itemsKnown({ featureSpec }: Scorer): number {
  const first = featureSpec.inputs[0];
  return first && 'items' in first ? first.items : 0;
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((item, at) => item === b[at]));
}
