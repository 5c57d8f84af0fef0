"""`intently catalog import` and `check`: four kinds of feed, one index for a SKU for ever, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import NOT_SOLD, Availability, Catalogue, Market
from edge_model.catalogue import Offer, check_append_only, merge, read_feed
from edge_model.errors import FeedRefused
from intently import cli

XML = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Shop</title>
<item><g:id>A-1</g:id><title>Boot &amp; lace</title><g:product_type>Shoes &gt; Boots</g:product_type><g:price>79.90 EUR</g:price>
<g:sale_price>59.90 EUR</g:sale_price><g:availability>in_stock</g:availability></item>
<item><g:id>A-2</g:id><g:title>Sandal</g:title><g:product_type>Shoes &gt; Sandals</g:product_type><g:price>EUR 19</g:price>
<g:availability>out_of_stock</g:availability></item>
</channel></rss>"""
TSV = (
    "id\ttitle\tgoogle product category\tprice\tavailability\n"
    "A-1\tBoot & lace\tShoes > Boots\t59.90 EUR\tin stock\nA-2\tSandal\tShoes > Sandals\t19 EUR\tout of stock\n"
)
CSV = (
    "sku,name,category,price,availability\n"
    'A-1,Boot & lace,Shoes > Boots,59.90,in_stock\n"A-2",Sandal,Shoes > Sandals,19,out_of_stock\n'
)
JSONL = "".join(
    json.dumps(row) + "\n"
    for row in (
        {"sku": "A-1", "name": "Boot & lace", "category": "Shoes > Boots", "price": 59.9, "colour": "red"},
        {"sku": "A-2", "name": "Sandal", "category": "Shoes > Sandals", "price": "19", "availability": "hidden"},
    )
)
FEEDS = {"feed.xml": XML, "feed.tsv": TSV, "feed.csv": CSV, "feed.jsonl": JSONL}
OFFERS = [Offer("A-1", "Boot & lace", ("Shoes", "Boots"), 5990, True), Offer("A-2", "Sandal", ("Shoes", "Sandals"), 1900, False)]


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, output and the last line of the errors of one command."""
    monkeypatch.setattr("sys.argv", ["intently", "catalog", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, (err.strip().splitlines() or [""])[-1]


@pytest.mark.parametrize("name", FEEDS)
def test_four_kinds_of_feed_say_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FEEDS[name])
    assert read_feed(tmp_path / name, "EUR") == OFFERS


def test_an_index_is_kept_over_re_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed.xml").write_text(XML)
    out = tmp_path / "shop" / "catalogue.json"
    words: list[object] = ["--out", out, "--shop", "demo", "--json"]
    code, told, _ = run(monkeypatch, capsys, "import", tmp_path / "feed.xml", *words)
    assert (code, json.loads(told)["added"]) == (0, 2)
    first = Catalogue.from_bytes(out.read_bytes())
    assert [(category.name, category.parent) for category in first.categories] == [("Shoes", 0), ("Boots", 1), ("Sandals", 1)]
    assert [(item.sku, item.category, item.price_minor) for item in first.items] == [("A-1", 2, 5990), ("A-2", 3, 1900)]
    assert Availability.from_bytes(out.with_name("availability.json").read_bytes()).unavailable == (2,)
    (tmp_path / "old.json").write_bytes(out.read_bytes())
    (tmp_path / "next.csv").write_text("sku,name,category,price\nB-1,Hat,Hats,5\nA-2,Sandal,Shoes > Sandals,18\n")
    code, told, _ = run(monkeypatch, capsys, "import", tmp_path / "next.csv", *words)
    assert {key: json.loads(told)[key] for key in ("added", "changed", "gone", "unavailable")} == {
        "added": 1, "changed": 1, "gone": 1, "unavailable": 1,
    }  # fmt: skip
    second = Catalogue.from_bytes(out.read_bytes())
    assert [(item.sku, item.category, item.price_minor) for item in second.items] == [
        ("A-1", 2, 5990),
        ("A-2", 3, 1800),
        ("B-1", 4, 500),
    ]
    assert run(monkeypatch, capsys, "check", out, "--before", tmp_path / "old.json")[0] == 0
    code, _, said = run(monkeypatch, capsys, "check", tmp_path / "old.json", "--before", out)
    assert (code, said) == (
        2,
        "intently: item 3 was 'B-1' and is 'nothing'; an index belongs to its SKU for ever, append instead.",
    )


def test_a_market_has_its_own_prices_and_leaves_the_catalogue_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "feed.xml").write_text(XML)
    (tmp_path / "ch.csv").write_text("sku,name,price\nC-9,Käppi,12.50 CHF\nA-1,Stiefel,85 CHF\n")
    out = tmp_path / "catalogue.json"
    run(monkeypatch, capsys, "import", tmp_path / "feed.xml", "--out", out, "--shop", "demo")
    words = ["--out", out, "--shop", "demo", "--currency", "CHF", "--market", "ch", "--locale", "de-CH", "--region"]
    assert run(monkeypatch, capsys, "import", tmp_path / "ch.csv", *words, "CH")[0] == 0
    market = Market.from_bytes((tmp_path / "market-ch.json").read_bytes())
    assert (market.prices_minor, market.names) == ((8500, NOT_SOLD, 1250), ("Stiefel", "", "Käppi"))
    held = Catalogue.from_bytes(out.read_bytes())
    assert (held.currency, [item.name for item in held.items]) == ("EUR", ["Boot & lace", "Sandal", "Käppi"])
    assert held.items[2].price_minor == 0  # 12.50 francs are no price in euro
    code, _, said = run(monkeypatch, capsys, "import", tmp_path / "ch.csv", *words, "Switzerland")
    assert code == 2
    assert "region is 'Switzerland'" in said


def test_a_models_items_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "items.json").write_text('["A-2", "X-7"]')
    (tmp_path / "feed.tsv").write_text(TSV)
    out = tmp_path / "catalogue.json"
    run(monkeypatch, capsys, "import", tmp_path / "feed.tsv", "--out", out, "--shop", "demo", "--run", tmp_path)
    assert [item.sku for item in Catalogue.from_bytes(out.read_bytes()).items] == ["A-2", "X-7", "A-1"]
    assert Availability.from_bytes(out.with_name("availability.json").read_bytes()).unavailable == (1, 2)


BAD: list[tuple[str, str, str]] = [
    ("twice.csv", "sku,price\na,1\nb,2\na,3\n", "sku 'a' stands twice, in row 1 and 3"),
    ("twice.xml", XML.replace("A-2", "A-1"), "sku 'A-1' stands twice, in item 1 and 2"),
    ("columns.csv", "name,price\na,1\n", "column sku (or id) is missing, got name, price"),
    ("nosku.jsonl", '{"name": "x"}\n', "row 1 has no sku"),
    ("price.csv", "sku,price\na,cheap\n", "price is 'cheap', want a number from 0"),
    ("price.tsv", "id\tprice\na\t-1 EUR\n", "want a number from 0"),
    ("third.csv", "sku,price\na,1.999\n", "want a number from 0"),
    ("currency.csv", "sku,price\na,5 USD\n", "price is in USD, want EUR"),
    ("state.csv", "sku,availability\na,maybe\n", "availability is 'maybe'"),
    ("zero.xml", "", "0 bytes"),
    ("cut.xml", XML[:300], "not readable XML, it may be truncated"),
    ("none.xml", "<rss></rss>", "there is no item"),
    ("head.csv", "sku,price\n", "there is no item"),
    ("text.jsonl", "hello\n", "not a readable JSONL file"),
    ("feed.pdf", "x", "a feed's name ends with"),
]


@pytest.mark.parametrize(("name", "text", "said"), BAD, ids=[name for name, _, _ in BAD])
def test_bad_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    code, _, error = run(monkeypatch, capsys, "import", tmp_path / name, "--out", tmp_path / "c.json", "--shop", "demo")
    assert code == 2
    assert error.startswith("intently: ")
    assert said in error
    assert not (tmp_path / "c.json").exists()


def test_another_shop_or_currency_is_refused() -> None:
    before = merge(OFFERS, None, "demo", "EUR").catalogue
    with pytest.raises(FeedRefused, match="name the same"):
        merge(OFFERS, before, "other", "EUR")
    with pytest.raises(FeedRefused, match="name the same"):
        merge(OFFERS, before, "demo", "USD")


def test_yen_have_no_cents_and_dinars_a_thousand(tmp_path: Path) -> None:
    (tmp_path / "feed.csv").write_text("sku,price\na,500\n")
    assert read_feed(tmp_path / "feed.csv", "JPY")[0].price_minor == 500
    assert read_feed(tmp_path / "feed.csv", "KWD")[0].price_minor == 500_000
    (tmp_path / "feed.csv").write_text("sku,price\na,500.5\n")
    with pytest.raises(FeedRefused):
        read_feed(tmp_path / "feed.csv", "JPY")


NAMES = st.sampled_from("abcdefgh")
FEED: Any = st.dictionaries(
    NAMES, st.tuples(st.lists(st.sampled_from("XYZ"), max_size=3).map(tuple), st.integers(0, 99)), min_size=1
)


@settings(max_examples=100, deadline=None)
@given(feeds=st.lists(FEED, min_size=1, max_size=6))
def test_no_sequence_of_imports_moves_an_index(feeds: list[dict[str, tuple[tuple[str, ...], int]]]) -> None:
    before: Catalogue | None = None
    for feed in feeds:
        offers = [Offer(sku, sku, path, price, True) for sku, (path, price) in feed.items()]
        now = merge(offers, before, "demo", "EUR").catalogue
        if before is not None:
            check_append_only(before, now)
        by_sku = {item.sku: item for item in now.items}
        assert all(by_sku[sku].price_minor == price for sku, (_, price) in feed.items())
        before = Catalogue.from_bytes(now.to_bytes())
