/** Lists for the session as it stands: by the model where there is one, else in the order given. Filters are those of now. */

import type { SessionState } from '../../../tracker/src/session';
import type { Ranked, RankOptions, Scoring } from '../api';
import { type HardFilters, rankCandidates } from '../ranker';
import type { HeldSet } from '../updates/updater';
import type { Scorer } from './scorer';
import { SessionScorer } from './session_scorer';

export interface RankingParts {
  readonly monotonic: () => number;
  readonly session: () => SessionState;
  readonly held: () => HeldSet | null;
  /** null: pool order. */
  readonly scorer: () => Scorer | null;
  /** The model failed while scoring. */
  readonly onFault: (fault: unknown) => void;
}

const NO_MS = { features: 0, worker: 0, model: 0, rank: 0, total: 0 };

export class Ranking {
  /** The last scoring of the default candidates. */
  lastScoring: Scoring | null = null;
  lastRanked: Ranked | null = null;
  private readonly scorings: SessionScorer;

  constructor(private readonly parts: RankingParts) {
    this.scorings = new SessionScorer(parts.monotonic);
  }

  /** Never rejects. */
  async rank(candidates: readonly number[], options: RankOptions): Promise<Ranked> {
    const scoring = options.tier === 'pool' ? null : await this.scored(candidates);
    this.lastRanked = scoring === null ? this.byPool(candidates, options) : this.byScore(scoring, candidates, options);
    return this.lastRanked;
  }

  /** In the order given, at once. */
  byPool(candidates: readonly number[], options: RankOptions): Ranked {
    const began = this.parts.monotonic();
    const list = rankCandidates(candidates, null, this.filters(options), options.count);
    const rank = this.parts.monotonic() - began;
    return { placement: options.placement ?? '', tier: 'pool', ...list, ms: { ...NO_MS, rank, total: rank } };
  }

  forget(): void {
    this.lastScoring = null;
  }

  /** null: no model, or nothing that it reads. */
  private async scored(candidates: readonly number[]): Promise<Scoring | null> {
    const [held, scorer] = [this.parts.held(), this.parts.scorer()];
    if (held === null || scorer === null || candidates.length === 0) return null;
    if (scorer.model !== held.release.model.sha256) return null; // of a release before
    try {
      const scoring = await this.scorings.score(held, scorer, this.parts.session().events, candidates);
      if (scoring !== null && candidates === held.candidates) this.lastScoring = scoring;
      return scoring;
    } catch (fault) {
      this.parts.onFault(fault);
      return null;
    }
  }

  private byScore(scoring: Scoring, candidates: readonly number[], options: RankOptions): Ranked {
    const began = this.parts.monotonic();
    const scoreOf = new Map(scoring.candidates.map((item, at) => [item, scoring.scores[at] as number]));
    const scores = candidates.map((item) => scoreOf.get(item) ?? Number.NaN);
    const list = rankCandidates(candidates, scores, this.filters(options), options.count);
    const rank = this.parts.monotonic() - began;
    const ms = { ...scoring.ms, rank, total: scoring.ms.features + scoring.ms.worker + rank };
    if (candidates === this.parts.held()?.candidates) this.lastScoring = { ...scoring, ms };
    return { placement: options.placement ?? '', tier: 'onnx', ...list, ms };
  }

  private filters(options: RankOptions): HardFilters {
    const { viewing, cart } = this.parts.session();
    const unavailable = this.parts.held()?.unavailable ?? new Set<number>();
    return { unavailable, viewing, cart, exclude: options.exclude ?? [] };
  }
}
