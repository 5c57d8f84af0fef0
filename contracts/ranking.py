"""Rules of ranking, signed with the configuration: weights of feedback, variety, exploration, and hard filters, which come last.

Units: scores are logits of the session model; a weight is added to them. Categories and items are catalogue indices.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from contracts.record import Record

WEIGHT_LIMIT = 20.0
"""Largest weight of feedback: beyond it the model would no longer matter."""
DAY_S = 86_400


class FeedbackWeights(Record):
    """What a shopper just did, added to the scores of candidates. 0 switches one off.

    item: of the candidate itself; category: of candidates in the same category, by that category's share of the session.
    A weight that did not pay on validation sessions is 0 by default (benchmarks/feedback.py).
    """

    click_item: float = Field(default=0.0, ge=-WEIGHT_LIMIT, le=WEIGHT_LIMIT, description="times log2(1 + clicks on the item)")
    click_category: float = Field(default=0.0, ge=-WEIGHT_LIMIT, le=WEIGHT_LIMIT, description="times the decayed share of clicks")
    skip_item: float = Field(default=0.0, ge=-WEIGHT_LIMIT, le=0, description="times how often it was passed over, at most 3")
    skip_category: float = Field(default=0.0, ge=-WEIGHT_LIMIT, le=0, description="times the share of what was passed over")
    dwell_category: float = Field(default=0.0, ge=-WEIGHT_LIMIT, le=WEIGHT_LIMIT, description="times the share of visible dwell")
    cart_category: float = Field(default=0.0, ge=-WEIGHT_LIMIT, le=WEIGHT_LIMIT, description="where the cart holds the category")


class Diversity(Record):
    """At most `category_most` items of one category in any list's first `window` places; 0: no cap."""

    category_most: int = Field(default=0, ge=0, le=1000)
    window: int = Field(default=8, ge=1, le=1000)


class Exploration(Record):
    """Every `every`-th place shows an item drawn from the next `depth` candidates; 0: never. Drawn by the session's seed."""

    every: int = Field(default=0, ge=0, le=1000)
    depth: int = Field(default=50, ge=1, le=10_000)


class Frequency(Record):
    """An item seen `shown_most` times within `within_s` seconds without a click is not shown again; 0: no cap."""

    shown_most: int = Field(default=0, ge=0, le=1000)
    within_s: int = Field(default=1800, ge=1, le=90 * DAY_S)


class Restriction(Record):
    """A legal limit. It fails closed: with region or age unknown, or filters over-aged, what it names is not shown."""

    reason: str = Field(min_length=1, max_length=200)
    items: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    regions: tuple[str, ...] = Field(default=(), description="ISO 3166-1 codes where it holds; none given: everywhere")
    age_least: int = Field(default=0, ge=0, le=99, description="years; 0: hidden from everyone in `regions`")

    @model_validator(mode="after")
    def _names_something(self) -> Restriction:
        if not self.items and not self.categories:
            raise ValueError("a restriction must name items or categories")
        for code in self.regions:
            if len(code) != 2 or not code.isascii() or not code.isupper():
                raise ValueError(f"regions: got {code!r}, want two capital letters (ISO 3166-1)")
        return self


class Pin(Record):
    """An item that keeps its place, unless a hard filter hides it."""

    item: int = Field(ge=1)
    position: int = Field(ge=1, le=100, description="from 1")


class PlacementRule(Record):
    """What holds for one placement, besides what holds everywhere."""

    placement: str = Field(min_length=1, max_length=64)
    pins: tuple[Pin, ...] = ()
    only_categories: tuple[int, ...] = Field(default=(), description="none given: all")
    not_categories: tuple[int, ...] = ()
    not_items: tuple[int, ...] = ()
    show_bought: bool = Field(default=False, description="what is bought again and again, such as food")
    reorder: bool = Field(
        default=False,
        description="the shop's own search or category list: only law, stock, market and the page hide items",
    )

    @model_validator(mode="after")
    def _one_pin_a_place(self) -> PlacementRule:
        for values in ([pin.item for pin in self.pins], [pin.position for pin in self.pins]):
            if len(set(values)) != len(values):
                raise ValueError(f"placement {self.placement!r}: two pins share an item or a position")
        return self


class RankingRules(Record):
    """The `ranking` part of a configuration."""

    cards: Literal["page", "local", "shop"] = Field(
        default="page", description="page, local: no request depends on the list; shop: the image host learns it"
    )
    filters_max_age_s: int = Field(default=7 * DAY_S, ge=60, description="age of the availability list beyond which it is stale")
    feedback: FeedbackWeights = FeedbackWeights()
    diversity: Diversity = Diversity()
    exploration: Exploration = Exploration()
    frequency: Frequency = Frequency()
    restrictions: tuple[Restriction, ...] = ()
    placements: tuple[PlacementRule, ...] = ()

    @model_validator(mode="after")
    def _one_rule_a_placement(self) -> RankingRules:
        names = [rule.placement for rule in self.placements]
        if len(set(names)) != len(names):
            raise ValueError("two rules name the same placement; put them into one")
        return self
