"""Market: what one model's catalogue costs and is called in one place of sale. A page names its market; no model chooses it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.record import Record

NOT_SOLD = -1
"""Price of an item that this market does not sell: a hard filter."""
MARKET_NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"


class Market(Record):
    """Prices and names by catalogue index; items beyond the lists are not sold here."""

    version: Literal[1] = 1
    shop: str
    name: str = Field(pattern=MARKET_NAME)
    locale: str = Field(pattern=r"^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$", description="BCP 47, how prices are written")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    region: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1, whose restrictions hold")
    prices_minor: tuple[int, ...] = Field(description="of item 1, 2, ... in the currency's minor unit; -1: not sold here")
    names: tuple[str, ...] = Field(default=(), description="of item 1, 2, ...; '' or beyond the end: the catalogue's")
