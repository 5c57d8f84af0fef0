"""Generated pictures: small, well-formed, fetching nothing, the same everywhere."""

from __future__ import annotations

import time
from itertools import product
from urllib.parse import unquote
from xml.etree import ElementTree

import brotli
import pytest

from contracts import Catalogue, Category, Item
from intently.demo.picture_shapes import ABSTRACT, DRAWINGS
from intently.demo.pictures import ACCENTS, COLOURS, SVG_BYTES_MOST, drawing_of, svg, thumbnail, with_pictures

PREFIX = "data:image/svg+xml,"
SVG = "{http://www.w3.org/2000/svg}"
KINDS = [*DRAWINGS, "things that nobody named"]


def item(sku: str = "A-1", name: str = "Thing", thumbnail: str = "") -> Item:
    return Item(sku=sku, name=name, category=1, price_minor=1, thumbnail=thumbnail)


def catalogue(items: int) -> Catalogue:
    categories = tuple(Category(index=at + 1, name=kind) for at, kind in enumerate(KINDS))
    return Catalogue(
        shop="s", currency="EUR", categories=categories,
        items=tuple(Item(sku=f"S{n}", name=f"No. {n}", category=n % len(KINDS) + 1, price_minor=n) for n in range(items)),
    )  # fmt: skip


def outward_references(document: str) -> list[str]:
    """Attributes and elements by which an SVG could fetch or run something."""
    root = ElementTree.fromstring(document)
    elements = [node.tag for node in root.iter() if node.tag.removeprefix(SVG) in {"image", "use", "script", "style", "a"}]
    attributes = [
        f"{key}={value}" for node in root.iter() for key, value in node.attrib.items() if "href" in key or "url(" in value
    ]
    return elements + attributes


@pytest.mark.parametrize("kind", KINDS)
def test_every_drawing_is_small_and_well_formed_and_fetches_nothing(kind: str) -> None:
    drawing = drawing_of(kind)
    wanted = len(drawing.bodies) * len(drawing.details)
    seen = set()
    for n in range(60 * wanted):
        document = svg(item(sku=str(n)), kind, seed=3)
        assert len(document) <= SVG_BYTES_MOST
        assert "{" not in document
        assert outward_references(document) == []
        seen.add("".join(part for part in document.split("'") if any(letter.isdigit() for letter in part) and "#" not in part))
    assert len(seen) == wanted, "a body or a detail was never drawn"


def test_a_planted_reference_is_found() -> None:
    document = svg(item(), "mug", 0).replace("</svg>", "<image href='https://elsewhere.example/x.png'/></svg>")
    assert outward_references(document)


def test_uri_holds_the_drawing_and_no_character_that_ends_an_attribute() -> None:
    uri = thumbnail(item(), "mug", 7)
    assert uri.startswith(PREFIX)
    assert not set(uri) & set('#<>"')
    assert unquote(uri.removeprefix(PREFIX)) == svg(item(), "mug", 7)


def test_same_item_and_seed_same_bytes_and_another_seed_another_look() -> None:
    skus = [str(n) for n in range(50)]
    assert [thumbnail(item(sku), "shoe", 1) for sku in skus] == [thumbnail(item(sku), "shoe", 1) for sku in skus]
    assert [thumbnail(item(sku), "shoe", 1) for sku in skus] != [thumbnail(item(sku), "shoe", 2) for sku in skus]
    pinned = "<path fill='#f8f0d8' d='M0 0h80v80H0z'/>"
    assert pinned in svg(item("A-1"), "mug", 0), "pictures changed: a log's shop no longer looks as it did"


def test_colour_in_the_name_is_the_colour_in_the_picture() -> None:
    assert COLOURS["moss"][0] in svg(item(name="Olive Canvas Tote"), "Bags", 0)
    assert COLOURS["ink"][0] in svg(item(name="Charcoal Jumper"), "Shirts", 0)


@pytest.mark.parametrize(
    ("kind", "name", "body"),
    [("shoe", "Onyx Boot", 1), ("shoe", "Onyx Sneaker", 0), ("plant", "Ash Cactus", 2), ("bag", "Tote", 0)],
)
def test_noun_in_the_name_is_the_thing_in_the_picture(kind: str, name: str, body: int) -> None:
    wanted = DRAWINGS[kind].bodies[body].split("{")[0]
    assert all(wanted in svg(item(sku=str(n), name=name), kind, 0) for n in range(9))


def test_every_noun_belongs_to_one_body() -> None:
    for drawing in DRAWINGS.values():
        assert len(drawing.nouns) in (0, len(drawing.bodies))
        nouns = [noun for each in drawing.nouns for noun in each.split()]
        assert len(set(nouns)) == len(nouns)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Shoes", "shoe"), ("Men's watches", "watch"), ("Coffee Mugs", "mug"), ("Sunglasses", "sunglasses"), ("Skirts", "skirt"),
     ("Blouses", "blouse"), ("Dresses", "dress"), ("Accessories", "watch"), ("House plants", "plant")],
)  # fmt: skip
def test_category_names_find_their_drawing(name: str, kind: str) -> None:
    assert drawing_of(name) is DRAWINGS[kind]


def test_unknown_category_is_abstract() -> None:
    assert drawing_of("Category 1017") is ABSTRACT
    assert drawing_of("") is ABSTRACT


@pytest.mark.parametrize(("colour", "accent"), list(product(COLOURS, range(len(ACCENTS)))))
def test_accent_is_told_from_the_main_colour(colour: str, accent: int) -> None:
    document = svg(item(sku=f"{colour}{accent}", name=colour), "shirt", accent)
    main = COLOURS[colour][0]
    channels = [int(main[at : at + 2], 16) for at in (1, 3, 5)]
    for other in set(ACCENTS) & {part for part in document.split("'") if part.startswith("#")}:
        distance = sum(abs(a - int(other[at : at + 2], 16)) for a, at in zip(channels, (1, 3, 5), strict=True))
        assert distance > 45, (colour, other)


def test_whole_catalogue_is_fast_compresses_and_says_that_it_was_generated() -> None:
    bare = catalogue(5000)
    began = time.perf_counter()
    drawn = with_pictures(bare)
    assert time.perf_counter() - began < 5
    assert drawn.generated == ("thumbnail",)
    added = len(brotli.compress(drawn.to_bytes(), quality=9)) - len(brotli.compress(bare.to_bytes(), quality=9))
    assert added / 5000 < 20, "bytes of brotli an item"


def test_own_pictures_are_kept() -> None:
    own = catalogue(2).model_copy(update={"items": (item("A", thumbnail="data:image/png;base64,AA=="), item("B"))})
    drawn = with_pictures(own)
    assert drawn.items[0].thumbnail == own.items[0].thumbnail
    assert drawn.items[1].thumbnail.startswith(PREFIX)
    complete = own.model_copy(update={"items": own.items[:1]})
    assert with_pictures(complete) is complete
