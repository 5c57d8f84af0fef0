"""Rules of ranking, markets and availability: refused in a sentence where they do not fit, kept where nothing is said."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from loop_parts import configuration
from release_parts import NOW, files_of, make_shop
from typer.testing import CliRunner

from aggregator.errors import ReleaseRefused
from aggregator.release import check_files, publish_manifest, read_manifest
from contracts import Catalogue, ContractError, IntentlyError, Market, Pin, PlacementRule, RankingRules, Restriction
from intently.commands.availability import read_skus, read_unavailable
from intently.commands.release import read_rules

DOCS = Path(__file__).resolve().parents[2] / "docs" / "ranking.md"


def test_the_rules_of_the_documentation_are_rules(tmp_path: Path) -> None:
    [sample] = re.findall(r"```json\n(.*?)```", DOCS.read_text(), flags=re.DOTALL)
    path = tmp_path / "rules.json"
    path.write_text(sample)
    rules = read_rules(path)
    assert rules.diversity.category_most == 4
    assert rules.placements[1].pins == (Pin(item=7, position=1),)
    assert read_rules(None) == RankingRules()
    for text, says in (
        (sample.replace("cards", "card"), "Extra inputs"),
        (sample.replace('"DE"', '"Germany"'), "two capital letters"),
    ):
        path.write_text(text)
        with pytest.raises(ContractError, match=says):
            read_rules(path)
    with pytest.raises(IntentlyError, match="cannot be read"):
        read_rules(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (RankingRules(restrictions=(Restriction(reason="r", items=(9_999,)),)), "name item 9999, the catalogue has 1 to 200"),
        (RankingRules(restrictions=(Restriction(reason="r", categories=(77,)),)), "name category 77"),
        (RankingRules(placements=(PlacementRule(placement="p", pins=(Pin(item=201, position=1),)),)), "name item 201"),
        (RankingRules(placements=(PlacementRule(placement="p", not_items=(0,)),)), "name item 0"),
        (RankingRules(placements=(PlacementRule(placement="p", only_categories=(-1,)),)), "name category -1"),
    ],
)
def test_rules_about_what_the_catalogue_lacks_are_refused(rules: RankingRules, says: str) -> None:
    with pytest.raises(ReleaseRefused, match=says):
        check_files(files_of(configuration(items=200).model_copy(update={"ranking": rules})))


def test_a_market_must_be_of_this_shop_and_catalogue() -> None:
    files = files_of(configuration(items=200))
    shop = Catalogue.from_bytes(files.catalogue).shop
    good = Market(shop=shop, name="ch", locale="de-CH", currency="CHF", region="CH", prices_minor=(100, -1))
    check_files(dataclasses.replace(files, markets=(good.to_bytes(),)))
    for market, says in (
        (good.model_copy(update={"shop": "another"}), "market ch is of shop another"),
        (good.model_copy(update={"prices_minor": (1,) * 201}), "prices 201 items, the catalogue has 200"),
    ):
        with pytest.raises(ReleaseRefused, match=says):
            check_files(dataclasses.replace(files, markets=(market.to_bytes(),)))
    with pytest.raises(ReleaseRefused, match="two markets share a name"):
        check_files(dataclasses.replace(files, markets=(good.to_bytes(), good.to_bytes())))


def test_a_list_that_is_not_given_stays_and_keeps_its_age(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    key = shop.pool_key()
    publish_manifest(shop.public, key, now_s=NOW + 1, unavailable=(5, 4, 5), banned=(9,))
    publish_manifest(shop.public, key, now_s=NOW + 2)
    held = read_manifest(shop.public, key.public)
    assert held is not None
    assert (held.availability.unavailable, held.availability.banned, held.availability.issued) == ((4, 5), (9,), NOW + 1)
    publish_manifest(shop.public, key, now_s=NOW + 3, unavailable=())
    held = read_manifest(shop.public, key.public)
    assert held is not None
    assert (held.availability.unavailable, held.availability.banned, held.availability.issued) == ((), (9,), NOW + 3)


def test_availability_is_given_by_sku_and_an_unknown_one_publishes_nothing(tmp_path: Path) -> None:
    from intently.commands.release import app

    shop = make_shop(tmp_path)
    (tmp_path / "catalogue.json").write_bytes(files_of(shop.configuration).catalogue)
    (tmp_path / "out.txt").write_text("sku4\n\nsku0\n")
    done = CliRunner().invoke(app, ["availability", str(tmp_path), "--unavailable", str(tmp_path / "out.txt"), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["unavailable"] == [1, 5]
    before = (shop.public / "manifest.json").read_bytes()
    (tmp_path / "out.txt").write_text("sku4\nmisspelt\n")
    with pytest.raises(IntentlyError, match=r"line 2: the catalogue has no SKU 'misspelt'; nothing was published"):
        read_skus(tmp_path / "out.txt", Catalogue.from_bytes((tmp_path / "catalogue.json").read_bytes()))
    for words in (["--banned", str(tmp_path / "out.txt")], []):
        assert isinstance(CliRunner().invoke(app, ["availability", str(tmp_path), *words]).exception, IntentlyError)
    assert (shop.public / "manifest.json").read_bytes() == before


def test_what_an_import_writes_is_what_availability_takes(tmp_path: Path) -> None:
    from intently.commands.catalog import app as catalog
    from intently.commands.release import app

    shop = make_shop(tmp_path)
    (tmp_path / "catalogue.json").write_bytes(files_of(shop.configuration).catalogue)
    items = Catalogue.from_bytes((tmp_path / "catalogue.json").read_bytes()).items
    rows = [f"{item.sku},{item.name},{'out_of_stock' if at == 3 else 'in_stock'}" for at, item in enumerate(items) if at != 6]
    (tmp_path / "feed.csv").write_text("\n".join(["sku,name,availability", *rows]) + "\n")
    words = ["import", str(tmp_path / "feed.csv"), "--out", str(tmp_path / "catalogue.json"), "--shop", shop.configuration.shop]
    imported = CliRunner().invoke(catalog, words)
    assert imported.exit_code == 0, imported.output
    written = tmp_path / "availability.json"
    done = CliRunner().invoke(app, ["availability", str(tmp_path), "--unavailable", str(written), "--json"])
    assert done.exit_code == 0, done.output
    held = read_manifest(shop.public, shop.pool_key().public)
    assert held is not None
    assert held.availability.unavailable == (4, 7)  # sold out, and gone from the feed
    catalogue = Catalogue.from_bytes((tmp_path / "catalogue.json").read_bytes())
    for broken, says in ((b"[", "is no availability.json"), (b'{"issued": 1, "unavailable": [999999]}', "Nothing was published")):
        written.write_bytes(broken)
        with pytest.raises(IntentlyError, match=says):
            read_unavailable(written, catalogue)
