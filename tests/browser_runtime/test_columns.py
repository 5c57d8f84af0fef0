"""The catalogue in columns: back and forth, the vectors that the browser replays, and damaged files."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts as c

VECTORS = Path(c.__file__).parent / "vectors" / "v1" / "columns.json"
CASES = json.loads(VECTORS.read_text())["cases"]

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@st.composite
def catalogues(draw: st.DrawFn) -> c.Catalogue:
    categories = tuple(c.Category(index=n, name=name) for n, name in enumerate(draw(st.lists(texts, max_size=4)), start=1))
    rows = st.builds(
        c.Item, sku=texts.filter(bool), name=texts, category=st.integers(0, len(categories)),
        price_minor=st.integers(0, 2**32 - 1), thumbnail=st.sampled_from(["", "data:image/png;base64,AA"]),
    )  # fmt: skip
    items = draw(st.lists(rows, max_size=6, unique_by=lambda item: item.sku))
    return c.Catalogue(shop="s", currency="EUR", generated=("price",), categories=categories, items=tuple(items))


@given(catalogues())
def test_what_was_packed_is_read(catalogue: c.Catalogue) -> None:
    packed = c.pack_columns(catalogue)
    assert packed is not None
    assert c.read_columns(packed) == catalogue


def test_the_vectors_are_what_is_packed() -> None:
    assert len(CASES) == 3
    for case in CASES:
        assert (c.pack_columns(c.Catalogue.model_validate(case["catalogue"])) or b"").hex() == case["file"], case["name"]


@given(st.sampled_from(CASES), st.data())
def test_a_damaged_file_is_refused_or_a_whole_catalogue(case: dict[str, str], data: st.DataObject) -> None:
    whole = bytes.fromhex(case["file"])
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(c.ContractError):
        c.read_columns(whole[:cut])
    with pytest.raises(c.ContractError):
        c.read_columns(whole + b"\0")
    flipped = bytearray(whole)
    flipped[cut] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(c.ContractError):
        assert c.pack_columns(c.read_columns(bytes(flipped))) is not None


@pytest.mark.parametrize(("field", "value"), [("price_minor", 2**32), ("name", "n" * 2**16), ("sku", "s" * 2**16)])
def test_beyond_the_layout_browsers_read_the_json(field: str, value: object) -> None:
    item = c.Item.model_validate({"sku": "a", "name": "n", "category": 0, "price_minor": 1} | {field: value})
    assert c.pack_columns(c.Catalogue(shop="s", currency="EUR", categories=(), items=(item,))) is None
