"""`intently pool diff`: what entered, left and moved."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from contracts import IntentlyError, Pool, PoolItem
from intently.cli import app


def pool(path: Path, epoch: int, *items: int) -> Path:
    entries = tuple(PoolItem(item=item, reason="prior") for item in items)
    made = Pool(shop="s", demo=True, epoch=epoch, collection=1, reports=9, confidence=0.9, items=entries)
    path.write_bytes(made.to_bytes())
    return path


def test_what_changed(tmp_path: Path) -> None:
    before, after = pool(tmp_path / "a.json", 1, 4, 5, 6, 7), pool(tmp_path / "b.json", 2, 6, 4, 9)
    found = json.loads(CliRunner().invoke(app, ["pool", "diff", str(before), str(after), "--json"]).stdout)
    assert [each["item"] for each in found["entered"]] == [9]
    assert [(each["item"], each["rank"]) for each in found["left"]] == [(5, 2), (7, 4)]
    assert {each["item"]: each["by"] for each in found["moved"]} == {6: 2, 4: -1}
    assert found["farthest"] == 2
    shown = CliRunner().invoke(app, ["pool", "diff", str(before), str(after)])
    assert "1 entered, 2 left, 2 moved, farthest by 2 places" in " ".join(shown.stdout.split())
    same = json.loads(CliRunner().invoke(app, ["pool", "diff", str(before), str(before), "--json"]).stdout)
    assert (same["entered"], same["left"], same["moved"], same["farthest"]) == ([], [], [], 0)


def test_a_path_that_is_none_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["pool", "diff", str(tmp_path / "x.json"), str(tmp_path / "y.json")])
    assert isinstance(result.exception, IntentlyError)
