"""What 1 % and 10 % of fakes do to the rank of one item: formula, simulation of real messages, and what the pool's cap leaves.

`python3 noxfile.py -s bench -- poisoning`. Counts follow a Zipf law over 43,000 items; the item pushed stands at rank 20,000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aggregator.pools import PoolRules, cap_rank_change
from benchmarks.result import publish
from privacy.estimators import estimate
from privacy.mechanisms import choose_mechanism
from privacy.poisoning import epochs_to_rise, fake_messages, push
from privacy.randomizer_many import randomize_many

D, N, ITEM = 43_000, 100_000, 20_000


def simulated(epsilon: float, share: float, rng: np.random.Generator) -> tuple[float, int]:
    """(reports added to the item's count, its rank by counts), mean of five batches."""
    mechanism, added, ranks = choose_mechanism(D, epsilon), [], []
    weights = 1 / np.arange(1, D + 1)
    for _ in range(5):
        values = rng.choice(D, size=N, p=weights / weights.sum()) + 1
        honest = randomize_many(mechanism, values, rng)
        fakes = fake_messages(mechanism, ITEM, round(N * share / (1 - share)), rng)
        before = estimate(mechanism, honest).counts
        after = estimate(mechanism, np.concatenate([honest, fakes])).counts
        added.append(after[ITEM] - before[ITEM])
        ranks.append(1 + int((after[1:] > after[ITEM]).sum()))
    return float(np.mean(added)), round(float(np.median(ranks)))


def main() -> None:
    rng, rules, figures = np.random.default_rng(3), PoolRules(), dict[str, Any]()
    expected = N / np.arange(1, D + 1) / (1 / np.arange(1, D + 1)).sum()
    for epsilon in (4.0, 6.0, 8.0):
        for share in (0.01, 0.1):
            said = push(choose_mechanism(D, epsilon), expected.tolist(), ITEM, share)
            added, rank = simulated(epsilon, share, rng)
            order = list(range(1, rules.size + 1))
            capped = cap_rank_change([ITEM, *order], order, rules.rank_change_most, rules.size)
            entered = capped.index(ITEM) + 1 if ITEM in capped else None
            figures[f"{epsilon:g}@{share:g}"] = {
                "fakes": said.fakes, "added_formula": round(said.added), "added_simulated": round(added),
                "deviations": round(said.deviations, 1), "rank_before": said.rank_before, "rank_after_formula": said.rank_after,
                "rank_after_simulated": rank, "pool_rank_after_one_epoch": entered,
                "epochs_to_first_place": epochs_to_rise(rules.size + 1, 1, rules.rank_change_most),
            }  # fmt: skip
            print(f"  epsilon {epsilon:g}, {share:.0%} fakes: {figures[f'{epsilon:g}@{share:g}']}")
    publish("poisoning", {"poisoning": figures})


if __name__ == "__main__":
    main()
