"""One small simulated shop and one training of it, shared by the tests of this folder."""

from __future__ import annotations

import pytest

from edge_model import Run, SessionLog, Settings, Trained, make_run, train
from intently.simulator import simulate_shop


@pytest.fixture(scope="session")
def small_log() -> SessionLog:
    return simulate_shop(sessions=2_500, seed=11).log


@pytest.fixture(scope="session")
def quick() -> Settings:
    """Settings that learn something in seconds."""
    return Settings(
        length=8,
        dim=32,
        hidden=32,
        attention=16,
        epochs=4,
        finish_epochs=1,
        batch_targets=256,
        learning_rate=8e-3,
        time_budget_s=600,
    )


@pytest.fixture(scope="session")
def trained(small_log: SessionLog, quick: Settings) -> Trained:
    return train(small_log, quick, clock=lambda: 0.0)


@pytest.fixture(scope="session")
def run(small_log: SessionLog, quick: Settings, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(small_log, tmp_path_factory.mktemp("run"), quick, evaluated_most=400)
