"""The same shop with Intently: a really signed release, the real bundle, and a model that prefers the category just seen."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from shop_folder import ITEMS, catalogue

from aggregator.keys import create_keys, read_signing_key
from aggregator.release import ReleaseFiles, create_release, publish_manifest, put_file
from browser_runtime import build_bundle
from contracts import Catalogue, Configuration, EventType, FeatureSpec, ItemInput, Pool, PoolItem, Roles, sha256_hex

CATEGORIES = 3
UNAVAILABLE = 58


def category_model(items: Catalogue, spec: bytes) -> bytes:
    """Embedding of an item: one-hot of its category. Embedding of a session: the sum. Score: their product."""
    table = np.zeros((len(items.items) + 1, CATEGORIES), np.float32)
    for index, item in enumerate(items.items, start=1):
        table[index, item.category - 1] = 1
    nodes = [
        helper.make_node("Gather", ["table", "item"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "zero"], ["session_embedding"], keepdims=0),
        helper.make_node("Gather", ["table", "candidates"], ["offered"]),
        helper.make_node("MatMul", ["offered", "session_embedding"], ["scores"]),
    ]
    value = helper.make_tensor_value_info
    inputs = [value("item", TensorProto.INT32, ["T"]), value("candidates", TensorProto.INT32, ["C"])]
    outputs = [value("session_embedding", TensorProto.FLOAT, [CATEGORIES]), value("scores", TensorProto.FLOAT, ["C"])]
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([0], np.int64), "zero")]
    graph = helper.make_graph(nodes, "category", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    props = {
        "feature_spec_sha256": sha256_hex(spec),
        "items": str(ITEMS),
        "dim": str(CATEGORIES),
        "trained_on": "test",
        "version": "1",
    }
    helper.set_model_props(model, {f"intently.{name}": value for name, value in props.items()})
    onnx.checker.check_model(model)
    return model.SerializeToString()


def pool(epoch: int = 0, first: int | None = None) -> Pool:
    """Items backwards; after an epoch with counts, and `first` in front."""
    order = [n for n in range(ITEMS, 10, -1) if n != first]
    counted = {"reason": "wanted", "count": 44.0, "low": 31.4, "high": 57.6} if epoch else {"reason": "prior"}
    items = tuple(PoolItem.model_validate({"item": n, **counted}) for n in ([first] if first else []) + order)
    return Pool(
        shop="test",
        demo=True,
        epoch=epoch,
        collection=1 if epoch else 0,
        reports=2140 if epoch else 0,
        confidence=0.95,
        items=items,
    )


class SignedShop:
    """Public folder and bundle, with the keys to publish more."""

    def __init__(self, root: Path) -> None:
        self.public, self.bundle, keys = root / "public", root / "bundle", root / "keys"
        create_keys(keys)
        release, self.pool_key, ledger = (read_signing_key(keys / f"{role}.key") for role in ("release", "pool", "ledger"))
        items = catalogue()
        spec = FeatureSpec(length=8, event_types=(EventType.VIEW_ITEM,), inputs=(ItemInput(items=ITEMS),)).to_bytes()
        configuration = Configuration(
            shop="test", demo=True, epoch_s=20, draw_min_ms=0, draw_max_ms=1000, minimum_batch=1, cap_epsilon=32, poll_s=1,
            cap_days=90, reports_url="", collections=(),
        )  # fmt: skip
        files = ReleaseFiles(configuration.to_bytes(), spec, category_model(items, spec), items.to_bytes(), pool().to_bytes())
        roles = Roles(release=release.public.hex(), pool=self.pool_key.public.hex(), ledger=ledger.public.hex())
        reference = create_release(self.public, files, release, roles, (), version=1, now_s=int(time.time()))
        publish_manifest(self.public, self.pool_key, now_s=int(time.time()), release=reference, unavailable=(UNAVAILABLE,))
        build_bundle(self.bundle, release_key=roles.release, shop="test", demo=True)

    def publish_pool(self, newer: Pool) -> None:
        """The next manifest, with this pool."""
        publish_manifest(
            self.public, self.pool_key, now_s=int(time.time()), pool=put_file(self.public, newer.to_bytes(), ".json")
        )
