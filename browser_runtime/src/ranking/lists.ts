/** Lists for the session as it stands: by the model where there is one, else in the order given. Filters are those of now. */

import type { SessionState } from '../../../tracker/src/state';
import type { Ranked, RankOptions, Scoring, Tier } from '../api';
import { type Scorer, TOP_MOST } from '../scoring/scorer';
import { BEST_OF_ALL, SessionScorer } from '../scoring/session_scorer';
import type { HeldSet } from '../updates/updater';
import { feedbackOf, type Remembered } from './feedback';
import type { Facts } from './filters';
import { type RankedList, rank } from './rank';
import { NO_RULES } from './rules';

export interface Shopper {
  /** ISO 3166-1 code of where the goods go. */
  readonly region: string | null;
  /** Years, where the shop has made sure of it. */
  readonly age: number | null;
}

export interface ListsParts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly session: () => SessionState;
  readonly memory: () => Remembered;
  readonly seed: () => number;
  readonly shopper: Shopper;
  readonly held: () => HeldSet | null;
  /** null: pool order. */
  readonly scorer: () => Scorer | null;
  /** The model failed while scoring. */
  readonly onFault: (fault: unknown) => void;
}

const NO_MS = { features: 0, worker: 0, model: 0, rank: 0, total: 0 };
const NOTHING_ISSUED = { issued: 0, unavailable: [], banned: [] };

export class Lists {
  /** The last scoring of the default candidates. */
  lastScoring: Scoring | null = null;
  lastRanked: Ranked | null = null;
  private readonly scorings: SessionScorer;

  constructor(private readonly parts: ListsParts) {
    this.scorings = new SessionScorer(parts.monotonic);
  }

  /** Never rejects. */
  async rank(candidates: readonly number[], options: RankOptions): Promise<Ranked> {
    const few = options.tier === 'pool' || !this.fromBest(candidates, options) ? null : await this.scored(BEST_OF_ALL);
    this.lastRanked = few === null ? null : this.byScore(few, this.withPins(few.scoring.candidates, options), options);
    if (this.lastRanked !== null && this.lastRanked.items.length >= (options.count ?? 0)) return this.lastRanked;
    const scored = options.tier === 'pool' ? null : await this.scored(candidates);
    this.lastRanked = scored === null ? this.byPool(candidates, options) : this.byScore(scored, candidates, options);
    return this.lastRanked;
  }

  /** In the order given, at once. */
  byPool(candidates: readonly number[], options: RankOptions): Ranked {
    const began = this.parts.monotonic();
    const list = this.list(candidates, null, options);
    const took = this.parts.monotonic() - began;
    return { placement: options.placement ?? '', tier: 'pool', ...list, ms: { ...NO_MS, rank: took, total: took } };
  }

  forget(): void {
    this.lastScoring = null;
  }

  /** Whether a short list out of a whole large catalogue is asked for: then the model's best are enough to filter and vary. */
  private fromBest(candidates: readonly number[], { count }: RankOptions): boolean {
    const whole = candidates === this.parts.held()?.candidates && candidates.length > 4 * TOP_MOST;
    return whole && (count ?? Number.POSITIVE_INFINITY) <= TOP_MOST / 4 && this.parts.scorer()?.top != null;
  }

  /** Pinned items may be far from the best. */
  private withPins(best: readonly number[], options: RankOptions): number[] {
    const { placements } = this.parts.held()?.configuration.ranking ?? NO_RULES;
    const signed = placements.find(({ placement }) => placement === options.placement)?.pins ?? [];
    return [...new Set([...best, ...[...(options.pins ?? []), ...signed].map(({ item }) => item)])];
  }

  /** null: no model, or nothing that it reads. */
  private async scored(candidates: readonly number[]): Promise<{ scoring: Scoring; tier: Tier } | null> {
    const [held, scorer] = [this.parts.held(), this.parts.scorer()];
    if (held === null || scorer === null || (candidates.length === 0 && candidates !== BEST_OF_ALL)) return null;
    try {
      const scoring = await this.scorings.score(held, scorer, this.parts.session().events, candidates);
      if (scoring !== null && (candidates === held.candidates || candidates === BEST_OF_ALL))
        this.lastScoring = scoring;
      return scoring === null ? null : { scoring, tier: scorer.tier };
    } catch (fault) {
      this.parts.onFault(fault);
      return null;
    }
  }

  private byScore(
    { scoring, tier }: { scoring: Scoring; tier: Tier },
    candidates: readonly number[],
    options: RankOptions,
  ): Ranked {
    const began = this.parts.monotonic();
    const list = this.list(candidates, scoresFor(candidates, scoring), options);
    const took = this.parts.monotonic() - began;
    const ms = { ...scoring.ms, rank: took, total: scoring.ms.features + scoring.ms.worker + took };
    if (this.lastScoring === scoring) this.lastScoring = { ...scoring, ms };
    return { placement: options.placement ?? '', tier, ...list, ms };
  }

  private list(candidates: readonly number[], scores: ArrayLike<number> | null, options: RankOptions): RankedList {
    const { session, memory, seed, held } = this.parts;
    const set = held();
    const { events, cart } = session();
    const categoryOf = (item: number): number => set?.listed.categories[item] ?? 0;
    return rank({
      placement: options.placement ?? '',
      candidates,
      scores,
      count: options.count ?? Number.POSITIVE_INFINITY,
      pins: options.pins ?? [],
      rules: set?.configuration.ranking ?? NO_RULES,
      facts: this.facts(options),
      feedback: feedbackOf(events, cart, memory().skips, categoryOf),
      categoryOf,
      origins: {
        poolReason: (item) => set?.poolReasons.get(item),
        categoryName: (category) => set?.listed.categoryName(category) ?? '',
      },
      seed: seed(),
    });
  }

  private facts({ exclude, reorder }: RankOptions): Facts {
    const { parts } = this;
    const { viewing, cart, events, started_ms } = parts.session();
    const { bought, dismissed } = parts.memory();
    const held = parts.held();
    return {
      availability: held?.manifest.availability ?? NOTHING_ISSUED,
      now_s: parts.now() / 1000,
      region: parts.shopper.region ?? held?.market?.region ?? null,
      age: parts.shopper.age,
      sold: (item) => held?.market == null || (held.market.prices_minor[item - 1] ?? -1) >= 0,
      viewing,
      cart,
      bought,
      dismissed,
      events,
      session_ms: parts.now() - started_ms,
      exclude: exclude ?? [],
      reorder: reorder ?? false,
    };
  }
}

/** The very scores where the scoring is of these candidates; an item that the model does not know has none. */
function scoresFor(candidates: readonly number[], scoring: Scoring): ArrayLike<number> {
  if (scoring.candidates.length === candidates.length) return scoring.scores;
  const scoreOf = new Map(scoring.candidates.map((item, at) => [item, scoring.scores[at] as number]));
  return candidates.map((item) => scoreOf.get(item) ?? Number.NaN);
}
