"""The collections of a shop, from the size of its catalogue: the defaults of the design, and the demo's scale."""

from __future__ import annotations

from dataclasses import dataclass

from contracts import Collection, CollectionKind, Configuration, TokenTerms
from privacy.mechanisms import choose_mechanism

LOCAL_EPSILON = 4.0
CAP_EPSILON = 32.0
DWELL_MS = 3_000
"""Visible time on an item that counts as dwelling on it."""


@dataclass(frozen=True)
class Scale:
    """How often and how many; a demo's is small enough to watch."""

    demo: bool = False
    epoch_s: int = 6 * 3600
    draw_min_ms: int = 20_000
    draw_max_ms: int = 60_000
    minimum_batch: int = 10_000
    poll_s: int = 6 * 3600
    dwell_ms: int = DWELL_MS


PRODUCTION = Scale()
DEMO = Scale(demo=True, epoch_s=20, draw_min_ms=0, draw_max_ms=10_000, minimum_batch=200, poll_s=2, dwell_ms=1_500)


def collection(number: int, kind: CollectionKind, domain_size: int, share: int, dwell_ms: int = 0) -> Collection:
    """One collection at the default local epsilon."""
    mechanism = choose_mechanism(domain_size, LOCAL_EPSILON)
    return Collection(
        id=number, name=kind, kind=kind, domain_size=domain_size, epsilon=LOCAL_EPSILON, epsilon_micro=mechanism.epsilon_micro,
        mechanism=mechanism.record(), share=share, dwell_ms=dwell_ms,
    )  # fmt: skip


def configuration(
    shop: str, items: int, categories: int, reports_url: str, scale: Scale = PRODUCTION, tokens: TokenTerms | None = None
) -> Configuration:
    """What the browsers of a shop with `items` items and `categories` categories report: three in four the item dwelled on."""
    collections = [collection(1, "item_dwelled", items, share=3, dwell_ms=scale.dwell_ms)]
    if categories > 1:
        collections.append(collection(2, "category_intent", categories, share=1))
    return Configuration(
        shop=shop, demo=scale.demo, epoch_s=scale.epoch_s, draw_min_ms=scale.draw_min_ms, draw_max_ms=scale.draw_max_ms,
        minimum_batch=scale.minimum_batch, cap_epsilon=CAP_EPSILON, cap_days=90, poll_s=scale.poll_s, reports_url=reports_url,
        collections=tuple(collections), tokens=tokens,
    )  # fmt: skip
