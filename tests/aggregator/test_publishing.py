"""Publishing a release from a workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loop_parts import configuration
from release_parts import NOW, files_of

from aggregator.keys import create_keys
from contracts import Catalogue, IntentlyError, Pool
from intently.publishing import publish_release
from intently.workspace import Workspace


def trained(tmp_path: Path) -> tuple[Workspace, Catalogue, Pool]:
    """A workspace with a model, and what belongs to it."""
    space, files = Workspace(tmp_path), files_of(configuration())
    catalogue, base = Catalogue.from_bytes(files.catalogue), Pool.from_bytes(files.base_pool)
    space.model.mkdir(parents=True)
    (space.model / "feature_spec.json").write_bytes(files.feature_spec)
    (space.model / "model.onnx").write_bytes(files.model)
    (space.model / "items.json").write_text(json.dumps([item.sku for item in catalogue.items]))
    return space, catalogue, base


def test_a_catalogue_in_another_order_than_the_model_is_refused(tmp_path: Path) -> None:
    space, catalogue, base = trained(tmp_path)
    first, second, *rest = catalogue.items
    swapped = catalogue.model_copy(update={"items": (second, first, *rest)})
    with pytest.raises(IntentlyError, match=f"item 1 is '{first.sku}' for the model and '{second.sku}'"):
        publish_release(space, configuration(), swapped, base, clock=lambda: NOW)
    assert not space.public.exists()


def test_only_the_newest_key_takes_reports(tmp_path: Path) -> None:
    space, catalogue, base = trained(tmp_path)

    def states() -> dict[int, str]:
        release = publish_release(space, configuration(), catalogue, base, clock=lambda: NOW)
        return {key.key_id: key.state for key in release.hpke_keys}

    assert states() == {1: "active"}
    create_keys(space.keys, (2, 10))
    assert states() == {1: "expired", 2: "expired", 10: "active"}
