"""Which items a step's softmax runs over: every item of the batch, and as many drawn ones as there is room for.

The sum over all N items of the catalogue splits into the items B of the batch, which are all there, and the rest, of which n are
drawn without repetition and each stand for (N - |B|) / n:

    Z = sum over B + (N - |B|) / n * sum over the drawn

So the items of a row's own session, its target and its repeats have the weight 1 that candidates of probability 1 must have
(the importance weight of drawn ones there cost 2.4 points of HR@20), and the estimate of Z has no bias given the batch.
With room for the whole catalogue it is the full softmax.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_model.features import Int32
from edge_model.partition import BLOCK
from edge_model.weights import Float32


@dataclass(frozen=True)
class Candidates:
    """The items that a step reads and moves."""

    rows: NDArray[np.int64]
    """int64[R'], distinct catalogue indices in order; the first is 0, the unknown item."""
    weight: Float32
    """float32[R], R >= R' a multiple of `BLOCK`; 0 for the unknown item and past the end."""
    place: Int32
    """int32[N + 1]: where an item stands in `rows`; 0 for those that do not."""

    def padded(self) -> NDArray[np.int64]:
        """`rows` filled up to R with item 0, whose copies weigh nothing."""
        return np.pad(self.rows, (0, len(self.weight) - len(self.rows)))


def choose(batch_items: list[Int32], items: int, room: int, rng: np.random.Generator) -> Candidates:
    """Candidates for a batch whose ids are in `batch_items`, out of items 1..`items`: about `room` rows, or more if needed."""
    wanted = np.zeros(items + 1, bool)
    wanted[0] = True
    for part in batch_items:
        wanted[part] = True
    in_batch, size = int(wanted.sum()), min(_blocks(room), _blocks(items + 1))
    weight = np.ones(items + 1, np.float32)
    if size < items + 1:
        drawn = draw(wanted, max(size, _blocks(in_batch)) - in_batch, rng)
        weight[drawn] = (items + 1 - in_batch) / max(1, len(drawn))
        wanted[drawn] = True
    else:
        wanted[:] = True
    rows = np.flatnonzero(wanted)
    place = np.zeros(items + 1, np.int32)
    place[rows] = np.arange(len(rows))
    weight[0] = 0
    return Candidates(rows, np.pad(weight[rows], (0, _blocks(len(rows)) - len(rows))), place)


def draw(taken: NDArray[np.bool_], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` distinct indices that are not taken, each set of them equally likely; all that are left if there are fewer."""
    left = len(taken) - int(taken.sum())
    if count * 2 >= left:
        return rng.permutation(np.flatnonzero(~taken))[:count]
    chosen = np.empty(0, np.int64)
    while len(chosen) < count:  # a few rounds, since at least half of what is not taken stays free
        more = rng.integers(0, len(taken), 2 * (count - len(chosen)) * len(taken) // max(1, left) + 16)
        both = np.concatenate([chosen, more[~taken[more]]])
        chosen = both[np.sort(np.unique(both, return_index=True)[1])]  # distinct, in the order drawn
    return chosen[:count]


def _blocks(count: int) -> int:
    return -(-count // BLOCK) * BLOCK
