"""One step of training: choose candidates, take their rows, compute the gradient, put the rows back."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_model import adam
from edge_model.candidates import choose
from edge_model.features import Int32
from edge_model.loss import Step, loss
from edge_model.model_math import import_jax
from edge_model.settings import Settings
from edge_model.weights import Weights
from edge_model.windows import Batch


@dataclass
class Learner:
    """Weights and what the optimiser remembers; `step` moves them."""

    small: Any
    """Weights of the encoder by name."""
    state: adam.State
    rows: adam.Rows
    """The item table."""
    key: Any
    """JAX random key."""
    item_category: Int32
    """int32[N + 1], 0 = unknown; all 0 where the log has none."""
    settings: Settings

    @classmethod
    def start(cls, weights: Weights, item_category: Int32, settings: Settings) -> Learner:
        """Before the first step."""
        small = {name: value for name, value in weights.items() if name != "item"}
        key = import_jax().random.key(settings.seed)
        return cls(small, adam.start(small), adam.Rows.start(weights["item"]), key, item_category, settings)

    def raw_weights(self) -> Weights:
        """A copy of all weights now, `category` and `item` apart."""
        return {name: np.array(value) for name, value in self.small.items()} | {"item": self.rows.value.copy()}

    def take_up(self, weights: Weights) -> None:
        """Go on from other weights, the optimiser remembering nothing."""
        self.small = {name: value for name, value in weights.items() if name != "item"}
        self.state, self.rows = adam.start(self.small), adam.Rows.start(weights["item"])

    def step(
        self, batch: Batch, rate: float, rng: np.random.Generator, taught: Int32 | None = None, taught_share: float = 0.0
    ) -> float:
        """Learn from a batch; its loss before the step. `taught` int32[M, K] are items drawn by a teacher's votes (`Step`)."""
        items = len(self.item_category) - 1
        taught = np.zeros((len(batch.target), 0), np.int32) if taught is None else taught
        chosen = choose([batch.inputs["item"], batch.target, taught], items, self.settings.candidates, rng)
        at = chosen.padded()
        what = Step(
            inputs=batch.inputs | {"item": chosen.place[batch.inputs["item"]]},
            row=batch.row,
            column=batch.column,
            target=chosen.place[batch.target],
            weight=chosen.weight,
            category=self.item_category[at],
            taught=chosen.place[taught],
            taught_share=np.array(taught_share, np.float32),
        )
        run = compiled_step(self.settings.model_copy(update=NOT_COMPILED))
        self.small, self.state, moved, self.key, value = run(
            self.small, self.state, self.rows.take(at), what, self.key, np.float32(rate)
        )
        self.rows.put(chosen.rows, moved)
        return float(value)


NOT_COMPILED: dict[str, Any] = {"seed": 0, "epochs": 1, "time_budget_s": 1.0, "finish_epochs": 0, "teacher_share": 0.0}
"""Settings that the compiled step does not depend on, so that trainings that differ in these alone share it."""


@functools.cache
def compiled_step(settings: Settings) -> Any:
    """(weights, state, rows, step, key, rate) -> (weights, state, rows, key, loss), compiled once for each shape."""
    jax = import_jax()

    def run(weights: Any, state: Any, rows: Any, step: Step, key: Any, rate: Any) -> Any:
        key, use = jax.random.split(key)
        value, (gradient, by_row) = jax.value_and_grad(loss, argnums=(0, 1))(weights, rows[0], step, use, settings)
        weights, state = adam.update(weights, gradient, state, rate)
        return weights, state, adam.move(rows[0], by_row, rows[1], rows[2], settings.item_rate * rate, state[2]), key, value

    return jax.jit(run)
