"""Loaders: what they read, what they refuse and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from real_sets import real_data

from contracts import EventType
from edge_model import EdgeModelError, LogRefused, LogUnreadable, load, newest
from edge_model.features import EVENT_TYPES

GOOD: dict[str, Any] = {
    "train_items": np.array([1, 2, 3, 2, 1, 4], np.int32),
    "train_offsets": np.array([0, 2, 3, 3, 6], np.int64),
    "test_items": np.array([3, 1], np.int32),
    "test_offsets": np.array([0, 2], np.int64),
}
CSV = """session,item,time,event,dwell_ms
a,x,2026-01-01T10:00:05,view_item,900
a,y,2026-01-01T10:00:00,view_item,4000
a,x,2026-01-01T10:00:09,add_to_cart,
b,z,2026-01-02,view_item,1
b,x,2026-01-03,view_item,2
"""


def npz(path: Path, **changes: Any) -> Path:
    arrays = {name: value for name, value in (GOOD | changes).items() if value is not None}
    np.savez(path / "log.npz", **arrays)
    return path / "log.npz"


def csv(path: Path, text: str) -> Path:
    (path / "log.csv").write_text(text)
    return path / "log.csv"


def test_npz_drops_what_is_too_short_and_says_so(tmp_path: Path) -> None:
    log = load(npz(tmp_path))
    assert (log.train_count, log.test_count, log.skus) == (2, 1, ("1", "2", "3", "4"))
    assert log.items.tolist() == [1, 2, 2, 1, 4, 3, 1]
    assert log.offsets.tolist() == [0, 2, 5, 7]
    assert dict(log.report.dropped) == {"empty sessions": 1, "sessions of a single event": 1}
    assert log.kinds == (EventType.VIEW_ITEM,)
    assert not log.has_dwell


def test_npz_optional_arrays(tmp_path: Path) -> None:
    log = load(npz(tmp_path, min_prefix=np.int64(2), item_category=np.array([-1, 5, 0, -1, 7])))
    assert log.min_prefix == 2
    assert log.item_category is not None
    assert log.item_category.tolist() == [0, 5, 0, 0, 7]


def test_npz_sparse_ids_are_numbered_anew_and_stay_as_skus(tmp_path: Path) -> None:
    items = np.array([1, 2_000_000_000, 3, 2_000_000_000, 1, 4])
    log = load(npz(tmp_path, train_items=items))
    assert log.skus == ("1", "3", "4", "2000000000")
    assert log.items.tolist()[:2] == [1, 4]


def test_csv_sorts_by_time_and_reads_every_signal(tmp_path: Path) -> None:
    log = load(csv(tmp_path, CSV))
    assert log.skus == ("y", "x", "z")
    assert log.items.tolist() == [1, 2, 2, 3, 2]
    assert [EVENT_TYPES[code].value for code in log.event_types] == ["view_item"] * 2 + ["add_to_cart"] + ["view_item"] * 2
    assert log.dwell_ms.tolist() == [4000, 900, 0, 1, 2]
    assert (log.train_count, log.test_count) == (1, 1)
    assert [event.time_ms for event in log.session(0)] == [0, 4000, 4900]


@pytest.mark.parametrize("unit", [1, 1000])
def test_csv_numbers_are_seconds_or_milliseconds(tmp_path: Path, unit: int) -> None:
    day = 86_400
    rows = [f"s{n},{item},{(1_700_000_000 + n * day) * unit}" for n in range(20) for item in ("a", "b")]
    log = load(csv(tmp_path, "session,item,time\n" + "\n".join(rows)))
    assert (log.train_count, log.test_count) == (18, 2)
    assert log.report.split == "sessions that begin in the last 2 of 20 days are the test set"


def test_parquet_by_date_and_order_with_categories_and_prices(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "session": [1, 1, 2, 2], "date": ["2026-01-01"] * 2 + ["2026-01-02"] * 2, "order": [2, 1, 1, 2],
            "item": ["b", "a", "a", "c"],
            "category": ["Hats", "Bags", "Bags", "Hats"], "price": [9.99, 5.0, 5.5, 1.0],
            "page": [1] * 4,
        }
    )  # fmt: skip
    frame.write_parquet(tmp_path / "log.parquet")
    log = load(tmp_path / "log.parquet")
    assert log.skus == ("a", "b", "c")
    assert log.category_names == ("Bags", "Hats")
    assert log.item_category is not None
    assert log.item_category.tolist() == [0, 1, 2, 2]
    assert log.price_minor is not None
    assert log.price_minor.tolist() == [0, 550, 999, 100]
    assert "Columns not used: page." in log.report.lines()


def test_newest_keeps_the_newest_and_the_most_seen_and_says_so(tmp_path: Path) -> None:
    train = np.array([9, 9, 9, 1, 2, 1, 2, 3, 1, 2], np.int32)  # item 9 only in the session that goes
    log = newest(load(npz(tmp_path, train_items=train, train_offsets=np.array([0, 3, 5, 8, 10]), test_items=np.array([1, 3, 2]),
                          test_offsets=np.array([0, 3]))), sessions=3, items=2)  # fmt: skip
    assert log.skus == ("1", "2")
    assert log.items.tolist() == [1, 2, 1, 2, 1, 2, 1, 2]
    assert (log.train_count, log.test_count) == (3, 1)
    assert "the newest 3 of 4 train sessions and the 2 most seen of 9 items" in log.report.notes[-1]


def test_newest_leaves_a_small_log_alone(tmp_path: Path) -> None:
    log = load(npz(tmp_path))
    assert newest(log) is log


BAD_NPZ: list[tuple[dict[str, Any], str]] = [
    ({"test_items": None}, "array test_items is missing"),
    ({"surprise": np.ones(1)}, "array surprise is not known"),
    ({"train_items": np.ones(6)}, "holds float64, want integers"),
    ({"train_items": np.array([0, 2, 3, 2, 1, 4])}, "ids from 0 to 4, want 1 to"),
    ({"train_items": np.array([1, 2, 3, 2, 1, 2**31])}, "ids from 1 to 2147483648"),
    ({"train_offsets": np.array([0, 2, 1, 3, 6])}, "must rise from 0"),
    ({"train_offsets": np.array([0, 2, 7])}, "must rise from 0"),
    ({"train_offsets": np.array([[0, 6]])}, "one dimension"),
    ({"item_category": np.zeros(2, int)}, "item_category has 2 entries"),
    ({"min_prefix": np.int64(0)}, "min_prefix must be"),
    ({"train_items": np.ones(6, int), "test_items": np.ones(2, int)}, "all events are of one item"),
    ({"train_items": np.ones(0, int), "train_offsets": np.array([0, 0]), "test_items": np.ones(0, int),
      "test_offsets": np.array([0, 0])}, "every session is empty"),
    ({"train_offsets": np.arange(7)}, "0 train and 1 test sessions"),
    ({"train_offsets": np.arange(7), "test_offsets": np.arange(3)}, "no session with at least two events"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "words"), BAD_NPZ)
def test_bad_npz(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(LogRefused, match=words):
        load(npz(tmp_path, **changes))


BAD_CSV = [
    ("session,product,time\na,b,1\n", "column item is missing, got session, product, time"),
    ("session,item\na,b\n", r"column time \(or date and order\) is missing"),
    ("session,item,time\n", "no row below the header"),
    ("session,item,time\n,x,1\na,,2\n", "no row has both a session and an item"),
    ("session,item,time\na,x,1\na,y,soon\n", "column time holds 'soon' in line 3, want ISO 8601"),
    ("session,item,time,event\na,x,1,view_item\na,y,2,hover\n", "column event holds 'hover' in line 3, want one of view_item"),
    ("session,item,time,dwell_ms\na,x,1,-5\na,y,2,1\n", "column dwell_ms holds '-5' in line 2"),
    ("session,item,time,dwell_ms\na,x,1,long\na,y,2,1\n", "column dwell_ms holds 'long' in line 2"),
    ("session,item,time,price\na,x,1,free\na,y,2,1\n", "column price holds 'free' in line 2, want a number from 0"),
    ("session,item,date,order\na,x,2026-01-01,first\na,y,2026-01-01,2\n", "column order holds 'first'"),
    ("session,item,time\na,x,1\na,x,2\nb,x,3\nb,x,4\n", "all events are of one item"),
    ("session,item,time\na,x,1\nb,y,2\n", "no session with at least two events"),
    ("session,item,time\na,x,1\na,y,2\n", "0 train and 1 test sessions"),
]


@pytest.mark.parametrize(("text", "words"), BAD_CSV)
def test_bad_csv(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(LogRefused, match=words):
        load(csv(tmp_path, text))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    whole = npz(tmp_path).read_bytes()
    frame = tmp_path / "whole.parquet"
    pl.DataFrame({"session": [1, 1], "item": [1, 2], "time": [1, 2]}).write_parquet(frame)
    broken = {
        "cut.npz": whole[: len(whole) // 2], "text.npz": b"hello", "empty.npz": b"", "cut.parquet": frame.read_bytes()[:-9],
        "text.parquet": b"hello", "empty.csv": b"", "ragged.csv": b"session,item,time\na,b,1,2,3\n",
        "binary.csv": b"\xff\xfe\x00\x01" * 9,
        "log.xlsx": b"x",
    }  # fmt: skip
    for name, data in broken.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(EdgeModelError) as caught:
            load(tmp_path / name)
        assert "\n" not in str(caught.value), name
        assert name in str(caught.value)
    with pytest.raises(LogUnreadable, match="there is no such file"):
        load(tmp_path / "absent.npz")


def test_a_damaged_npz_is_unreadable_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = npz(tmp_path).read_bytes()
    for keep in range(1, len(whole), 97):
        (tmp_path / "cut.npz").write_bytes(whole[:keep])
        with pytest.raises(LogUnreadable):
            load(tmp_path / "cut.npz")


def test_real_eshop() -> None:
    log = load(real_data("eshop/events.parquet"))
    assert (log.item_count, log.session_count) == (217, 24_026 - 5_042)
    assert log.report.split == "sessions that begin in the last 14 of 135 days are the test set"
    assert len(log.items) == 165_474 - 5_042


def test_real_diginetica_made_small() -> None:
    log = newest(load(real_data("diginetica/sessions.npz")))
    assert log.item_count == 5_000
    assert log.train_count <= 20_000
    assert log.items.max() <= 5_000
    assert np.diff(log.offsets).min() >= 2
