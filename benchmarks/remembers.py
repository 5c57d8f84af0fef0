"""Does a training on a small log remember single sessions, and what changes it? `-s bench -- remembers [--quick]`.

Simulated shops with planted canaries, default settings. Last line: for each number of sessions, `default` and `private` (items in
under 20 sessions dropped before the training, after the canaries were planted) with HR@20 on the test sessions in percent, the
canaries' mean exposure in bits beside chance and the audit's bound, and the membership attack's AUC.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.result import publish
from edge_model import OnnxScorer, SessionLog, Settings, export, train
from edge_model.audit import Canaries, audit_model, plant
from edge_model.evaluation import evaluate
from edge_model.private import LEAST_SESSIONS, sessions_with, unknown_for_unseen, without_rare
from edge_model.run_onnx import SPEC_NAME
from intently.simulator import simulate_shop

SESSIONS, QUICK_SESSIONS = (2_500, 10_000), (1_000,)
SEED, SIDE = 11, 500


def figures(log: SessionLog, learnt: SessionLog, settings: Settings) -> dict[str, Any]:
    """One training and the attacks on its file; `learnt` is `log` with canaries and perhaps without rare items."""
    trained = unknown_for_unseen(train(learnt, settings), learnt)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(trained, path, log.name)
        path.with_name(SPEC_NAME).write_bytes(trained.spec.to_bytes())
        scorer = OnnxScorer(path)
        audit = audit_model(scorer, log, log.train_count, Canaries(), min(SIDE, log.test_count))
        found = evaluate(scorer, log, baselines={}).methods["model"]
    return {
        "hr20": round(100 * found.hr20, 2), "canary_exposure": round(audit.canary_exposure or 0, 2),
        "chance": round(audit.canary_exposure_unplanted, 2), "bound": round(audit.canary_exposure_most or 0, 2),
        "mia_auc": round(audit.mia_auc, 3),
    }  # fmt: skip


def main() -> int:
    settings, found = Settings(time_budget_s=1_200), {}
    for count in QUICK_SESSIONS if "--quick" in sys.argv[1:] else SESSIONS:
        log = simulate_shop(sessions=count, seed=SEED).log
        planted = plant(log, Canaries())
        rare = int((sessions_with(log)[1:] < LEAST_SESSIONS).sum())
        found[str(count)] = {
            "items": log.item_count, "items_in_under_20_sessions": rare,
            "default": figures(log, planted, settings), "private": figures(log, without_rare(planted), settings),
        }  # fmt: skip
        print(count, found[str(count)], file=sys.stderr, flush=True)
    publish("remembers_quick" if "--quick" in sys.argv[1:] else "remembers", found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
