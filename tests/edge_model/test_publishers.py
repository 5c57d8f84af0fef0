"""Logs in the layouts of their publishers: small files made here, byte for byte in that layout, found by header or named."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import polars as pl
import pytest

from edge_model import LogRefused, LogUnreadable, SessionLog, load
from edge_model.features import EVENT_TYPES

DIGINETICA = """sessionId;userId;itemId;timeframe;eventdate
1;NA;81766;526309;2016-05-09
1;NA;31331;1031018;2016-05-09
1;NA;32118;243569;2016-05-09
2;NA;9654;75848;2016-06-09
2;NA;32627;1112408;2016-06-09
"""
RETAILROCKET = """timestamp,visitorid,event,itemid,transactionid
1433221332117,257597,view,355908,
1433221340000,257597,addtocart,355908,
1433221350000,257597,transaction,355908,4000
1433224214164,992329,view,248676,
1433224300000,992329,view,318965,
1433227900000,992329,view,253185,
1433227950000,992329,view,248676,
"""
YOOCHOOSE = """1,2014-04-07T10:51:09.277Z,214536502,0
1,2014-04-07T10:54:09.868Z,214536500,0
2,2014-04-27T13:56:37.614Z,214662742,S
2,2014-04-27T13:57:19.373Z,214536502,12
"""
OTTO = [
    {"session": 0, "events": [{"aid": 1517085, "ts": 1659304800025, "type": "clicks"},
                              {"aid": 1563459, "ts": 1659304904511, "type": "carts"},
                              {"aid": 1309446, "ts": 1659367439426, "type": "orders"}]},
    {"session": 1, "events": [{"aid": 424964, "ts": 1659904800025, "type": "clicks"},
                              {"aid": 1517085, "ts": 1659904912345, "type": "clicks"}]},
]  # fmt: skip
ESHOP_HEAD = ["year", "month", "day", "order", "country", "session ID", "page 1 (main category)", "page 2 (clothing model)",
              "colour", "location", "model photography", "price", "price 2", "page"]  # fmt: skip
ESHOP = [
    [2008, 4, 1, 2, 29, 1, 1, "A16", 1, 6, 1, 33, 2, 1],
    [2008, 4, 1, 1, 29, 1, 1, "A13", 1, 5, 1, 28, 2, 1],
    [2008, 8, 13, 1, 29, 2, 2, "B4", 10, 2, 1, 52, 1, 1],
    [2008, 8, 13, 2, 29, 2, 1, "A13", 6, 6, 2, 28, 2, 1],
]  # fmt: skip


def seen(log: SessionLog) -> list[list[tuple[str, str]]]:
    """(sku, event type) of each session."""
    codes = [(log.skus[item - 1], EVENT_TYPES[kind].value) for item, kind in zip(log.items, log.event_types, strict=True)]
    return [codes[begin:end] for begin, end in zip(log.offsets, log.offsets[1:], strict=False)]


def views(*skus: str) -> list[tuple[str, str]]:
    return [(sku, "view_item") for sku in skus]


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_diginetica(tmp_path: Path) -> None:
    log = load(written(tmp_path, "train-item-views.csv", DIGINETICA))
    assert seen(log) == [views("32118", "81766", "31331"), views("9654", "32627")]  # in order of timeframe
    assert (log.train_count, log.test_count) == (1, 1)
    assert log.report.split == "sessions that begin in the last 4 of 32 days are the test set"


def test_retailrocket_visitors_are_cut_after_half_an_hour(tmp_path: Path) -> None:
    log = load(written(tmp_path, "events.csv", RETAILROCKET))
    bought = [("355908", kind) for kind in ("view_item", "add_to_cart", "purchase")]
    assert seen(log) == [bought, views("248676", "318965"), views("253185", "248676")]
    assert "Cut after 1800 s without an event: 2 sessions became 3." in log.report.notes
    assert len(seen(load(tmp_path / "events.csv", idle_gap_s=4000))) == 2


def test_yoochoose_has_no_header(tmp_path: Path) -> None:
    log = load(written(tmp_path, "yoochoose-clicks.dat", YOOCHOOSE))
    assert seen(log) == [views("214536502", "214536500"), views("214662742", "214536502")]
    assert log.item_category is None
    assert any("not the item's category" in note for note in log.report.notes)


def test_otto(tmp_path: Path) -> None:
    log = load(written(tmp_path, "train.jsonl", "".join(json.dumps(row) + "\n" for row in OTTO)))
    assert seen(log) == [[("1517085", "view_item"), ("1563459", "add_to_cart"), ("1309446", "purchase")],
                         views("424964", "1517085")]  # fmt: skip
    assert log.report.rows_read == 5


SHEET_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SCHEMAS = "http://schemas.openxmlformats.org"


def relation(kind: str, target: str) -> str:
    return (f'<Relationships xmlns="{SCHEMAS}/package/2006/relationships"><Relationship Id="rId1" Target="{target}" '
            f'Type="{SCHEMAS}/officeDocument/2006/relationships/{kind}"/></Relationships>')  # fmt: skip


def xlsx(path: Path, rows: list[list[object]]) -> Path:
    """A workbook of one sheet, as small as the format allows."""

    def cell(value: object) -> str:
        return (
            f"<c><v>{value}</v></c>" if isinstance(value, int) else f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
        )

    main = f"{SCHEMAS}/spreadsheetml/2006/main"
    kinds = {"workbook.xml": "sheet", "worksheets/sheet1.xml": "worksheet"}
    overrides = "".join(
        f'<Override PartName="/xl/{name}" ContentType="{SHEET_KIND}.{kind}.main+xml"/>' for name, kind in kinds.items()
    ).replace("worksheet.main", "worksheet")
    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{SCHEMAS}/package/2006/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}</Types>',
        "_rels/.rels": relation("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{SCHEMAS}/officeDocument/2006/relationships"><sheets>'
        '<sheet name="clicks" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>' + text)
    return path


def check_eshop(log: SessionLog) -> None:
    assert seen(log) == [views("A13", "A16"), views("B4", "A13")]
    assert log.item_category is not None
    assert log.price_minor is not None
    assert log.category_names == ("1", "2")
    assert dict(zip(log.skus, log.item_category[1:].tolist(), strict=True)) == {"A13": 1, "A16": 1, "B4": 2}
    assert dict(zip(log.skus, log.price_minor[1:].tolist(), strict=True)) == {"A13": 2800, "A16": 3300, "B4": 5200}


def test_eshop_as_text_and_as_workbook(tmp_path: Path) -> None:
    lines = "\n".join(";".join(map(str, row)) for row in [ESHOP_HEAD, *ESHOP])
    check_eshop(load(written(tmp_path, "e-shop clothing 2008.csv", lines + "\n")))
    check_eshop(load(xlsx(tmp_path / "e-shop.xlsx", [ESHOP_HEAD, *ESHOP])))


def test_our_own_jsonl_mixes_numbers_and_text(tmp_path: Path) -> None:
    rows = [{"session": 1, "item": 7, "time": 1_700_000_000, "event": "view_item", "shop": "x"},
            {"session": "1", "item": "b", "time": "1700000009", "event": "add_to_cart", "dwell_ms": 40},
            {"session": 2, "item": "b", "time": 1_700_000_020.5, "event": "view_item"},
            {"session": 2, "item": 7, "time": 1_700_000_030, "event": "view_item"}]  # fmt: skip
    log = load(written(tmp_path, "log.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert seen(log) == [[("7", "view_item"), ("b", "add_to_cart")], views("b", "7")]
    assert log.dwell_ms.tolist() == [0, 40, 0, 0]


def test_a_layout_can_be_named_where_the_ending_says_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "views", DIGINETICA)
    with pytest.raises(LogRefused, match="--log-format"):
        load(path)
    assert len(seen(load(path, "diginetica"))) == 2
    with pytest.raises(LogRefused, match="this is not the retailrocket layout"):
        load(path, "retailrocket")
    with pytest.raises(LogRefused, match="want one of npz, csv"):
        load(path, "excel")


def test_an_idle_gap_cuts_any_log_that_has_times(tmp_path: Path) -> None:
    rows = [
        f"{session},{item},{1_700_000_000 + session * 90_000 + at * 100}"
        for session in range(3)
        for at, item in enumerate("abca")
    ]
    path = written(tmp_path, "log.csv", "session,item,time\n" + "\n".join(rows))
    assert load(path, idle_gap_s=100).session_count == 3  # a gap of exactly so long does not cut
    cut = load(path, idle_gap_s=100.5)
    assert cut.session_count == 3
    with pytest.raises(LogRefused, match="no session with at least two events"):
        load(path, idle_gap_s=99)
    with pytest.raises(LogRefused, match="want more than 0"):
        load(path, idle_gap_s=0)
    with pytest.raises(LogRefused, match="days only"):
        load(written(tmp_path, "days.csv", "session,item,date,order\na,x,2026-01-01,1\na,y,2026-01-01,2\n"), idle_gap_s=9)


def test_a_train_session_that_reaches_into_the_test_period_is_dropped(tmp_path: Path) -> None:
    day = 86_400
    start = 1_699_920_000  # midnight
    rows = [f"s{n},{item},{start + n * day + 600 * at}" for n in range(20) for at, item in enumerate("ab")]
    rows += [f"long,{item},{start + 17 * day + at * day}" for at, item in enumerate("ab")]  # days 17 and 18; test begins with 18
    log = load(written(tmp_path, "log.csv", "session,item,time\n" + "\n".join(rows)))
    assert (log.train_count, log.test_count) == (18, 2)
    assert (
        dict(log.report.dropped)["sessions that begin before the test period and end in it, so that training would see it"] == 1
    )
    assert log.report.rows_read == 42


def test_test_items_that_training_never_saw_are_counted(tmp_path: Path) -> None:
    rows = [f"s{n},{item},{1_700_000_000 + n * 86_400}" for n in range(20) for item in ("ab" if n < 19 else "ac")]
    log = load(written(tmp_path, "log.csv", "session,item,time\n" + "\n".join(rows)))
    assert "1 of 4 test events are of 1 items that no train session holds" in log.report.notes[-1]


def test_broken_files_of_each_layout(tmp_path: Path) -> None:
    whole = xlsx(tmp_path / "whole.xlsx", [ESHOP_HEAD, *ESHOP]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LogUnreadable, match=r"cut\.xlsx: not a readable eshop file"):
        load(tmp_path / "cut.xlsx")
    for name, text in {"cut.jsonl": '{"session": 1, "item"', "list.jsonl": "[1, 2]\n", "text.jsonl": "hello\n"}.items():
        with pytest.raises(LogUnreadable, match=name):
            load(written(tmp_path, name, text))
    with pytest.raises(LogRefused, match="column session, item, time"):
        load(written(tmp_path, "other.jsonl", '{"a": 1}\n'))
    with pytest.raises(LogRefused, match="column aid, ts, type is missing"):
        load(written(tmp_path, "other.jsonl", '{"session": 1, "x": []}\n'), "otto")
    pl.DataFrame({"session": [[1], [1]], "item": [1, 2], "time": [1, 2]}).write_parquet(tmp_path / "nested.parquet")
    with pytest.raises(LogRefused, match=r"column session .* holds no single values"):
        load(tmp_path / "nested.parquet")
