"""Generated pictures of a catalogue's items: small SVG drawings held in the catalogue itself, so that a card fetches nothing.

The drawing's kind comes from the category's name, its shape and colour from words of the item's name ("boot", "olive"), else
from a hash of seed and SKU: the same item and seed give the same bytes on every machine.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from contracts import Catalogue, Item
from intently.demo.picture_shapes import ABSTRACT, DRAWINGS, Drawing

SVG_BYTES_MOST = 580
"""Bound of one picture before it is escaped; tests hold every combination to it."""

COLOURS: dict[str, tuple[str, str]] = {
    "clay": ("#d9734e", "#ab4f2e"),
    "ochre": ("#e0a83e", "#b27c1c"),
    "moss": ("#84a062", "#5b7741"),
    "teal": ("#3f918c", "#296764"),
    "sky": ("#74a8d4", "#487cab"),
    "navy": ("#425688", "#293761"),
    "plum": ("#8f5f88", "#673f62"),
    "rose": ("#e08b98", "#b95f70"),
    "sand": ("#d5b98d", "#a98b5f"),
    "slate": ("#747e8c", "#4c5563"),
    "cream": ("#f4e8cf", "#c9b48c"),
    "ink": ("#3c3f47", "#202228"),
}
"""Main colour and its darker shade, by name."""

SYNONYMS: dict[str, str] = {
    "black": "ink", "charcoal": "ink", "graphite": "slate", "grey": "slate", "gray": "slate", "stone": "slate",
    "white": "cream", "ivory": "cream", "linen": "cream", "beige": "sand", "tan": "sand", "camel": "sand", "oak": "sand",
    "brown": "clay", "terracotta": "clay", "rust": "clay", "orange": "clay", "copper": "clay", "red": "clay", "coral": "clay",
    "yellow": "ochre", "gold": "ochre", "amber": "ochre", "mustard": "ochre", "saffron": "ochre", "brass": "ochre",
    "green": "moss", "olive": "moss", "sage": "moss", "forest": "moss", "fern": "moss", "mint": "teal", "turquoise": "teal",
    "blue": "sky", "azure": "sky", "ice": "sky", "indigo": "navy", "midnight": "navy", "denim": "navy", "cobalt": "navy",
    "purple": "plum", "violet": "plum", "lavender": "plum", "lilac": "plum", "burgundy": "plum", "wine": "plum",
    "pink": "rose", "blush": "rose", "peach": "rose", "onyx": "ink", "sable": "ink", "sienna": "clay", "umber": "clay",
    "sorrel": "clay", "ember": "clay", "maple": "clay", "rowan": "rose", "pine": "moss", "juniper": "moss", "elm": "moss",
    "opal": "cream", "birch": "cream", "hazel": "sand", "dune": "sand", "mesa": "sand", "iris": "plum", "heath": "plum",
    "fjord": "navy", "cove": "sky", "tarn": "teal", "kelp": "teal", "flint": "slate", "ash": "slate", "reed": "ochre",
}  # fmt: skip

BACKGROUNDS = ("#f3ebe0", "#e7ede4", "#e4ecf3", "#f4e6e3", "#ece8f3", "#f8f0d8", "#e0eeec", "#ebe8e3")
DEEP_BACKGROUNDS = ("#a9bfae", "#9fb6cb", "#c7a79c", "#b3a8c6", "#8fb5b1")
"""Behind things of a pale colour, which would vanish on the others."""
PALE = frozenset({"cream"})
ACCENTS = ("#fff4e2", "#f2c14e", "#e7785b", "#2f9c90", "#2c4a5a", "#f3aab4")
TOO_CLOSE: dict[str, str] = {
    "cream": "#fff4e2", "ochre": "#f2c14e", "clay": "#e7785b", "teal": "#2f9c90", "navy": "#2c4a5a", "ink": "#2c4a5a",
    "slate": "#2c4a5a", "rose": "#f3aab4",
}  # fmt: skip
"""Accent that could not be told from the main colour."""
WHITE = "#fffaf2"

_SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 80 80'><path fill='{b}' d='M0 0h80v80H0z'/>"
    "<circle cx='40' cy='39' r='30' fill='#fff' opacity='.35'/><ellipse cx='40' cy='68' rx='25' ry='3' opacity='.1'/>"
)
_WORD = re.compile(r"[a-z]+")
_ESCAPES = str.maketrans({"%": "%25", "#": "%23", "<": "%3C", ">": "%3E", '"': "%22"})


@lru_cache(maxsize=1024)
def drawing_of(category_name: str) -> Drawing:
    """Drawing for a category, by the words of its name, the last word first; `ABSTRACT` if none is known."""
    kinds = {word: drawing for drawing in DRAWINGS.values() for word in drawing.words}
    for word in reversed(_WORD.findall(category_name.lower())):
        for singular in (word, word.removesuffix("s"), word.removesuffix("es"), word.removesuffix("ies") + "y"):
            if singular in kinds:
                return kinds[singular]
    return ABSTRACT


def _colour_of(words: list[str], fallback: int) -> str:
    for word in words:
        colour = SYNONYMS.get(word, word)
        if colour in COLOURS:
            return colour
    return list(COLOURS)[fallback % len(COLOURS)]


def _palette(colour: str, accent: int, background: int) -> dict[str, str]:
    main, dark = COLOURS[colour]
    accents = [each for each in ACCENTS if each != TOO_CLOSE.get(colour)]
    backgrounds = DEEP_BACKGROUNDS if colour in PALE else BACKGROUNDS
    return {
        "m": main, "d": dark, "w": WHITE, "a": accents[accent % len(accents)], "b": backgrounds[background % len(backgrounds)],
    }  # fmt: skip


def svg(item: Item, category_name: str, seed: int) -> str:
    """The drawing itself: SVG with single-quoted attributes, at most `SVG_BYTES_MOST` bytes, no reference to anything outside."""
    bits = hashlib.blake2b(f"{seed}\0{item.sku}".encode(), digest_size=8).digest()
    drawing = drawing_of(category_name)
    words: list[str] = _WORD.findall(item.name.lower())
    body = drawing.body_for(words, bits[1]) + drawing.details[bits[2] % len(drawing.details)]
    return (_SVG + body + "</svg>").format(**_palette(_colour_of(words, bits[0]), bits[3], bits[4]))


def thumbnail(item: Item, category_name: str, seed: int = 0) -> str:
    """Picture of `item` as a `data:image/svg+xml` URI, fit for an `<img src>` under `img-src data:`."""
    return "data:image/svg+xml," + svg(item, category_name, seed).translate(_ESCAPES)


def with_pictures(catalogue: Catalogue, seed: int = 0) -> Catalogue:
    """`catalogue` with a generated picture for every item that has none; says so in `generated` if any was made."""
    names = {0: "", **{category.index: category.name for category in catalogue.categories}}
    if all(item.thumbnail for item in catalogue.items):
        return catalogue
    items = tuple(
        item if item.thumbnail else item.model_copy(update={"thumbnail": thumbnail(item, names[item.category], seed)})
        for item in catalogue.items
    )
    marks = (*catalogue.generated, *(("thumbnail",) if "thumbnail" not in catalogue.generated else ()))
    return catalogue.model_copy(update={"items": items, "generated": marks})
