"""Bad logs at the command line: one sentence that names the file, exit code 2, no traceback, nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from test_refusals import refused

from intently import cli

Maker = Callable[[Path], bytes | None]
"""Writes the file itself and returns None, or returns its bytes."""


def npz(path: Path, **changes: object) -> None:
    arrays = {"train_items": [1, 2, 3, 1, 2, 3], "train_offsets": [0, 3, 6], "test_items": [1, 2, 3], "test_offsets": [0, 3]}
    np.savez(path, **{name: np.array(value) for name, value in (arrays | changes).items() if value is not None})  # type: ignore[arg-type]


def cut(path: Path, write: Callable[[Path], object]) -> bytes:
    write(path)
    return path.read_bytes()[: path.stat().st_size * 2 // 3]


TABLE = pl.DataFrame({"session": [1, 1, 2, 2], "item": [1, 2, 1, 2], "time": [1, 2, 3, 4]})
WIDE = 2**40
BAD: list[tuple[str, Maker, str]] = [
    ("zero.csv", lambda path: b"", "0 bytes"),
    ("zero.npz", lambda path: b"", "0 bytes"),
    ("zero.parquet", lambda path: b"", "0 bytes"),
    ("zero.jsonl", lambda path: b"", "0 bytes"),
    ("cut.npz", lambda path: cut(path, npz), "truncated"),
    ("cut.parquet", lambda path: cut(path, TABLE.write_parquet), "truncated"),
    ("cut.jsonl", lambda path: b'{"session": 1, "item": 3, "ti', "not a readable JSONL file"),
    ("cut.xlsx", lambda path: b"PK\x03\x04 half a workbook", "not a readable eshop file"),
    ("columns.csv", lambda path: b"visitor,product\n1,2\n", "column session, item, time"),
    ("columns.parquet", lambda path: TABLE.drop("item").write_parquet(path), "column item is missing"),
    ("columns.jsonl", lambda path: b'{"visitor": 1}\n', "column session, item, time"),
    ("arrays.npz", lambda path: npz(path, test_items=None), "array test_items is missing"),
    ("mixed.csv", lambda path: b"session,item,time\na,x,2026-01-01\na,y,7 o'clock\n", "line 3"),
    ("mixed.jsonl", lambda path: b'{"session":1,"item":1,"time":1}\n{"session":1,"item":2,"time":"late"}\n', "'late'"),
    ("mixed.npz", lambda path: npz(path, train_items=["a", "b", "c", "d", "e", "f"]), "want integers"),
    ("nested.parquet", lambda path: TABLE.with_columns(item=pl.concat_list("item")).write_parquet(path), "no single values"),
    ("one_session.csv", lambda path: b"session,item,time\na,x,1\na,y,2\n", "0 train and 1 test"),
    ("one_item.csv", lambda path: b"session,item,time\na,x,1\na,x,2\nb,x,3\nb,x,4\n", "one item"),
    ("one_item.npz", lambda path: npz(path, train_items=[1] * 6, test_items=[1] * 3), "one item"),
    ("wide.npz", lambda path: npz(path, train_items=[1, 2, WIDE, 1, 2, 3]), f"want 1 to {2**31 - 1}"),
    ("overlap.csv", lambda path: b"session,item,time\na,x,1\na,y,9\nb,x,2\nb,y,3\n", "0 train and 1 test"),
    ("binary.csv", lambda path: bytes(range(256)) * 4, "binary.csv"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "said"), BAD, ids=[name for name, _, _ in BAD])
def test_bad_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, make: Maker, said: str
) -> None:
    path = tmp_path / name
    data = make(path)
    if data is not None:
        path.write_bytes(data)
    for words in (["evaluate", "--data", str(path)], ["train", "--data", str(path), "--out", str(tmp_path / "out")]):
        monkeypatch.setattr("sys.argv", ["intently", "model", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        errors = capsys.readouterr().err.strip().splitlines()
        assert ended.value.code == 2, errors
        assert errors[-1].startswith("intently: "), errors
        assert name in errors[-1]
        assert said in errors[-1]
        assert len(errors) == 1
    assert not (tmp_path / "out").exists()


def test_wide_ids_are_skus_where_the_file_has_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids beyond int32 in a table are text, like any SKU; items that only the test has are counted, not refused."""
    rows = [
        f"{n},{item},{1_700_000_000 + n * 86_400 + at}" for n in range(30) for at, item in enumerate((WIDE, WIDE + 1 + n // 25))
    ]
    (tmp_path / "log.csv").write_text("session,item,time\n" + "\n".join(rows))
    monkeypatch.setattr("sys.argv", ["intently", "model", "evaluate", "--data", str(tmp_path / "log.csv"), "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["instances"] == 3
    assert set(printed["methods"]["session_knn"]) >= {"hr5", "hr8", "hr10", "hr20", "mrr20", "ndcg20", "coverage20", "hr8_shown"}


def test_a_real_process_says_the_same(tmp_path: Path) -> None:
    from test_refusals import intently

    (tmp_path / "log.csv").write_text("a,b\n1,2\n")
    refused(intently("model", "evaluate", "--data", str(tmp_path / "log.csv")), "column session, item, time")
    refused(intently("model", "evaluate", "--data", str(tmp_path / "log.csv"), "--log-format", "excel"), "want one of npz")
    refused(intently("model", "compare", str(tmp_path / "none.json")), "none.json")
    (tmp_path / "half.json").write_text('{"log": "x"')
    refused(intently("model", "compare", str(tmp_path / "half.json")), "half.json")
