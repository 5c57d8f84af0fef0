"""Product feeds as offers: Google Merchant (RSS or Atom XML, TSV), JSONL and CSV.

Google's names (support.google.com/merchants/answer/7052112): id, title, product_type, google_product_category, price, sale_price,
availability, with spaces or underscores. Ours: sku, name, category, price, availability. A category is a path, `Shoes > Boots`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

from edge_model.errors import FeedRefused

ALIASES = {
    "sku": ("sku", "id"),
    "name": ("name", "title"),
    "category": ("category", "product_type", "google_product_category"),
    "price": ("sale_price", "price"),
    "availability": ("availability",),
}
"""Our field -> names in a feed, the first that is filled counts."""
FEEDS = (".xml", ".tsv", ".txt", ".jsonl", ".ndjson", ".csv")
DIGITS = {"BIF": 0, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "PYG": 0, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0, "XPF": 0,
          "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3}  # fmt: skip
"""Decimals of a currency's minor unit where they are not two (ISO 4217)."""
SOLD = {"in_stock", "in stock", "preorder", "backorder", ""}
NOT_SOLD = {"out_of_stock", "out of stock", "hidden", "discontinued"}


@dataclass(frozen=True)
class Offer:
    """One line of a feed."""

    sku: str
    name: str
    category: tuple[str, ...]
    """Path from the root; empty: unknown."""
    price_minor: int
    available: bool


def read_feed(path: Path, currency: str) -> list[Offer]:
    """Offers in the feed's order; raises `FeedRefused` naming the first line that cannot be used."""
    if not path.is_file():
        raise FeedRefused(f"{path}: there is no such file; check the path.")
    if path.suffix.lower() not in FEEDS:
        raise FeedRefused(f"{path}: a feed's name ends with one of {', '.join(FEEDS)}, got {path.suffix or 'no ending'!r}.")
    if path.stat().st_size == 0:
        raise FeedRefused(f"{path}: the file has 0 bytes; fetch it again.")
    offers, place = [], "item" if path.suffix.lower() == ".xml" else "row"
    known: dict[str, int] = {}
    for number, fields in enumerate(_rows(path), start=1):
        offer = _offer(f"{path}: {place} {number}", fields, currency)
        if offer.sku in known:
            raise FeedRefused(
                f"{path}: sku {offer.sku!r} stands twice, in {place} {known[offer.sku]} and {number}; give each item one."
            )
        known[offer.sku] = number
        offers.append(offer)
    if not offers:
        raise FeedRefused(f"{path}: there is no item in it.")
    return offers


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if path.suffix.lower() == ".xml":
        yield from _xml_rows(path)
        return
    try:
        if path.suffix.lower() in {".jsonl", ".ndjson"}:
            names = {alias for aliases in ALIASES.values() for alias in aliases}
            frame = pl.scan_ndjson(path, schema={name: pl.String() for name in sorted(names)})
        else:
            separator = "," if path.suffix.lower() == ".csv" else "\t"
            frame = pl.scan_csv(path, separator=separator, infer_schema=False)
        columns = frame.collect_schema().names()
        if not {_plain(name) for name in columns} & set(ALIASES["sku"]):
            raise FeedRefused(f"{path}: column sku (or id) is missing, got {', '.join(columns)[:200]}.")
        for batch in frame.collect(engine="streaming").iter_slices(10_000):
            for row in batch.iter_rows(named=True):
                yield {_plain(name): (value or "").strip() for name, value in row.items()}
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:90]
        raise FeedRefused(f"{path}: not a readable {path.suffix[1:].upper()} file ({first}); fetch it again.") from None


def _xml_rows(path: Path) -> Iterator[dict[str, str]]:
    """Items of an RSS or entries of an Atom feed, read as they come."""
    try:
        for _, element in ElementTree.iterparse(path):
            if _plain(element.tag) in {"item", "entry"}:
                yield {_plain(child.tag): (child.text or "").strip() for child in element}
                element.clear()
    except ElementTree.ParseError as error:
        raise FeedRefused(f"{path}: not readable XML, it may be truncated ({error}); fetch it again.") from None


def _plain(name: str) -> str:
    """`{namespace}Product Type` and `g:product_type` -> `product_type`."""
    return name.rsplit("}", 1)[-1].rsplit(":", 1)[-1].strip().lower().replace(" ", "_")


def _offer(place: str, fields: dict[str, str], currency: str) -> Offer:
    found = {ours: next((fields[name] for name in names if fields.get(name)), "") for ours, names in ALIASES.items()}
    if not found["sku"]:
        raise FeedRefused(f"{place} has no sku (or id); each item needs one that stays.")
    availability = found["availability"].lower()
    if availability not in SOLD | NOT_SOLD:
        known = ", ".join(sorted((SOLD | NOT_SOLD) - {""}))
        raise FeedRefused(f"{place} ({found['sku']}): availability is {found['availability']!r}, want one of {known}.")
    path = tuple(part.strip() for part in found["category"].split(">") if part.strip())
    return Offer(
        sku=found["sku"],
        name=found["name"] or found["sku"],
        category=path,
        price_minor=_price(f"{place} ({found['sku']})", found["price"], currency),
        available=availability in SOLD,
    )


def _price(place: str, text: str, currency: str) -> int:
    """`12.99`, `12.99 EUR` or `EUR 12.99` in minor units; exact, never rounded."""
    if not text:
        return 0
    words = text.split()
    named = [word for word in words if word.isalpha()]
    numbers = [word for word in words if not word.isalpha()]
    try:
        amount = Decimal(numbers[0]) if len(numbers) == 1 and len(named) <= 1 else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    minor = amount.scaleb(DIGITS.get(currency, 2))
    if not amount.is_finite() or amount < 0 or minor != minor.to_integral_value():
        raise FeedRefused(f"{place}: price is {text!r}, want a number from 0 such as 12.99, or 12.99 {currency}.")
    if named and named[0].upper() != currency:
        raise FeedRefused(f"{place}: price is in {named[0]}, want {currency}; import another currency as a market of its own.")
    return int(minor)
