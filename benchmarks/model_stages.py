"""What `benchmarks.model` measures of one set: training, storages, head alone, baselines, audit."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import brotli
import numpy as np

from aggregator.pools import PoolRules
from benchmarks.kept import Kept
from benchmarks.model_sets import FEW_ITEMS
from browser_runtime.errors import NotOfTheFamily
from browser_runtime.kernel import pack_model
from edge_model import OnnxScorer, SessionLog, Settings, Trained, train
from edge_model.audit import Canaries, audit_model, plant
from edge_model.baselines import Maker, baselines_for
from edge_model.checkpoint import Checkpoint, load_trained, save_trained
from edge_model.evaluation import MethodFigures
from edge_model.evaluation import measure as measure_method
from edge_model.exported_model import ExportedModel
from edge_model.float_model import FloatModel
from edge_model.head_only import known_only
from edge_model.instances import Instances, instances_for_test
from edge_model.onnx_export import exported_bytes
from edge_model.quantization import Quantized, Storage
from edge_model.shipping import MODEL_NAME, ship, within

CANARIES = Canaries()


@dataclass(frozen=True)
class Bench:
    """One set under measurement."""

    log: SessionLog
    settings: Settings
    kept: Kept
    most: int
    """Newest test instances that are scored under onnxruntime and by baselines."""
    audited: int
    """Sessions on each side of the membership attack."""

    @property
    def wanted(self) -> Instances:
        """Newest test instances."""
        return instances_for_test(self.log).newest(self.most)

    @property
    def pool(self) -> list[int]:
        """The base pool of a new shop: most seen items, as many as the default rules keep."""
        rules = PoolRules()
        seen = np.bincount(self.log.items[: self.log.train_events()], minlength=self.log.item_count + 1)
        seen[0] = 0
        return [int(item) for item in np.argsort(-seen, kind="stable")[: rules.size * rules.base_room] if seen[item]]

    def checkpoint(self) -> Checkpoint:
        """The training of this set."""
        return load_trained(self.kept.folder / "trained.npz")

    def training(self) -> dict[str, Any]:
        """Train with the canaries among the train sessions; the time is that of the training alone."""
        planted = plant(self.log, CANARIES)
        began = time.monotonic()
        trained = train(planted, self.settings, of_epochs)
        save_trained(trained, planted, self.kept.folder / "trained.npz")
        return {"train_s": round(time.monotonic() - began, 1), "steps": trained.steps, "stopped": trained.stopped}

    def figures(self, make: Maker) -> dict[str, Any]:
        """Figures of one method in percent."""
        return key_figures(measure_method(make, self.log, self.wanted, time.monotonic, lambda share: None))

    def float_model(self) -> dict[str, Any]:
        """The trained model before any storage."""
        return self.figures(self.float_maker(self.checkpoint().trained))

    def float_maker(self, trained: Trained) -> Maker:
        """By the trainer's own code, which equals onnxruntime number by number (parity)."""
        return lambda log: FloatModel(trained.weights, trained.spec, trained.settings.temperature, log)

    def storage(self, name: str, most_bytes: int) -> dict[str, Any]:
        """Ship within the budget, weigh what a browser fetches, score under onnxruntime."""
        checkpoint = self.checkpoint()
        folder = self.kept.folder / name
        dim = checkpoint.trained.settings.dim
        if self.log.item_count < FEW_ITEMS:
            storage = Storage(format="int8", encoder_bits=6)
        else:
            storage = Storage(format="pq", codes=codes_of(dim, name), encoder_bits=7 if name == "full" else 6)
        small, card = ship(checkpoint, storage, folder, self.log.name, most_bytes, self.weigh)
        sizes = self.download(small)
        found = self.figures(lambda log: ExportedModel(OnnxScorer(folder / MODEL_NAME), log))
        return found | {"download_bytes": sum(sizes.values())} | {"files": sizes, "storage": card.storage.model_dump()}

    def weigh(self, small: Quantized) -> int:
        """Bytes to fetch in all."""
        return sum(self.download(small).values())

    def download(self, small: Quantized) -> dict[str, int]:
        """Brotli bytes of each file that scoring the whole catalogue needs."""
        model = exported_bytes(small, self.log.name)
        category = np.zeros(self.log.item_count + 1, np.int32) if self.log.item_category is None else self.log.item_category
        try:
            packed = pack_model(model, self.pool, category.tolist())
            files = {"head": packed.head, "rest": packed.rest}
        except NotOfTheFamily:
            files = {"model.onnx": model}
        files["feature_spec.json"] = small.trained.spec.to_bytes()
        if self.log.item_category is not None:
            files["categories"] = category.astype(np.uint16).tobytes()
        listed = {name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
        files["manifest.json"] = json.dumps(listed).encode()
        return {name: len(brotli.compress(data, quality=11)) for name, data in files.items()}

    def head(self, storage: Storage) -> dict[str, Any]:
        """The first download alone: pool items by their own codes, the others by their category's vector."""
        small = within(self.checkpoint(), storage, self.log.name, None)
        known = np.zeros(self.log.item_count + 1, bool)
        known[self.pool] = True
        table = known_only(small.table, known, self.log.item_category)
        alone = replace(small.trained, weights=small.trained.weights | {"item": table.decoded()})
        found = self.figures(self.float_maker(alone))
        sizes = self.download(small)
        return {"head_hr20": found["hr20"], "head_mrr20": found["mrr20"], "head_bytes": sizes.get("head", sum(sizes.values()))}

    def audit(self) -> dict[str, Any]:
        """Attack the full file."""
        scorer = OnnxScorer(self.kept.folder / "full" / MODEL_NAME)
        return audit_model(scorer, self.log, self.log.train_count, CANARIES, self.audited).model_dump(mode="json")


def of_epochs(share: float, text: str) -> None:
    """Progress of a training: a line an epoch."""
    if "epoch" in text:
        print(f"{share:.0%} {text}", flush=True)


def key_figures(found: MethodFigures) -> dict[str, float]:
    """In percent."""
    return {name: round(100 * getattr(found, name), 3) for name in ("hr20", "mrr20", "hr8_shown")}


def codes_of(dim: int, name: str) -> int:
    """Codes an item, priced to fit the budget: a byte for two numbers in the full file, for four in the small one."""
    return dim // 2 if name == "full" else dim // 4


def measure(bench: Bench, budgets: dict[str, int], planted: bool) -> dict[str, Any]:
    """All stages of one set, with the keys of the benchmark; `planted`: the training had the canaries."""
    kept = bench.kept
    on = "" if bench.most >= len(instances_for_test(bench.log)) else f"@{bench.most}"
    trained = kept.stage("training", bench.training)
    exact = kept.stage("float" + on, bench.float_model)
    figures: dict[str, Any] = {"hr20": exact["hr20"], "mrr20": exact["mrr20"]}
    for name, most_bytes in budgets.items():
        found = kept.stage(name + on, lambda name=name, most_bytes=most_bytes: bench.storage(name, most_bytes))  # type: ignore[misc]
        figures[name] = {key: found[key] for key in ("hr20", "mrr20", "download_bytes")}
    full = kept.stage("full" + on, dict)
    figures |= kept.stage("head" + on, lambda: bench.head(Storage.model_validate(full["storage"])))
    figures |= {"hr8_shown": full["hr8_shown"], "train_s": trained["train_s"], "baselines": {}}
    for name, make in baselines_for(bench.log).items():
        found = kept.stage(f"baseline_{name}{on}", lambda make=make: bench.figures(make))  # type: ignore[misc]
        ratio = round(full["hr20"] / max(found["hr20"], 1e-9), 2)
        figures["baselines"][name] = {"hr20": found["hr20"], "mrr20": found["mrr20"], "ratio": ratio}
    audit = kept.stage("audit", bench.audit)
    exposure = round(audit["canary_exposure"], 2) if planted else None
    return figures | {"mia_auc": round(audit["mia_auc"], 3), "canary_exposure": exposure}


def key_of(log: SessionLog, settings: Settings) -> str:
    """Changes with whatever changes the training."""
    digest = hashlib.sha256(settings.to_bytes() + CANARIES.to_bytes())
    for column in (log.items, log.offsets, log.event_types, log.dwell_ms):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:12]


def work_folder(root: Path, log: SessionLog, settings: Settings, name: str) -> Path:
    """Where a set's stages are kept."""
    return root / f"{name}-{key_of(log, settings)}"
