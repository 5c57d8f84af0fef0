"""Publishing a release from a workspace."""

from __future__ import annotations

from pathlib import Path

from loop_parts import configuration
from release_parts import NOW, files_of

from aggregator.keys import create_keys
from contracts import Catalogue, Pool
from intently.publishing import publish_release
from intently.workspace import Workspace


def test_only_the_newest_key_takes_reports(tmp_path: Path) -> None:
    space, files = Workspace(tmp_path), files_of(configuration())
    space.model.mkdir(parents=True)
    (space.model / "feature_spec.json").write_bytes(files.feature_spec)
    (space.model / "model.onnx").write_bytes(files.model)
    catalogue, base = Catalogue.from_bytes(files.catalogue), Pool.from_bytes(files.base_pool)

    def states() -> dict[int, str]:
        release = publish_release(space, configuration(), catalogue, base, clock=lambda: NOW)
        return {key.key_id: key.state for key in release.hpke_keys}

    assert states() == {1: "active"}
    create_keys(space.keys, (2, 10))
    assert states() == {1: "expired", 2: "expired", 10: "active"}
