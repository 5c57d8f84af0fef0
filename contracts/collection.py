"""Collections: what a browser may report, with which mechanism, how often.

Letters (see docs/glossary.md): d domain size, q field order, D dimension, w : v integer weights.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.ranking import RankingRules
from contracts.record import Record

EPSILON_LIMIT = 8.0
"""Largest local epsilon of one report that a published bundle accepts."""
EPOCH_LIMIT_S = 3600
"""Shortest epoch that a published bundle accepts; a demo bundle accepts `DEMO_EPOCH_LIMIT_S`."""
DEMO_EPOCH_LIMIT_S = 10
CAP_LIMIT_EPSILON = 64.0
"""Largest cap (sum of local epsilons of one client per `CAP_DAYS`) that a published bundle accepts."""
CAP_DAYS = 90
MICRO = 1_000_000
"""Ledgers count epsilon in millionths, rounded up."""


class AffinePointMechanism(Record):
    """Projective-geometry response on the affine points of F_q^D; see privacy/mechanisms."""

    kind: Literal["affine_point"] = "affine_point"
    q: int = Field(ge=2, le=65521, description="prime field order")
    dimension: int = Field(ge=2, le=16, description="D")
    w: int = Field(ge=2, le=65535)
    v: int = Field(ge=1, le=65535)


class KAryMechanism(Record):
    """k-ary randomized response over the d + 1 values 0..d."""

    kind: Literal["k_ary"] = "k_ary"
    w: int = Field(ge=2, le=65535)
    v: int = Field(ge=1, le=65535)


MechanismRecord = Annotated[AffinePointMechanism | KAryMechanism, Field(discriminator="kind")]

CollectionKind = Literal["item_dwelled", "item_skipped", "category_intent"]
"""item_dwelled: item whose visible dwell reached `dwell_ms`; item_skipped: item of a viewed list passed over;
category_intent: category that the session model scores highest."""


class Collection(Record):
    """One thing that is counted. The reserved value 0 (NONE) is reported when nothing happened."""

    id: int = Field(ge=1, le=255)
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: CollectionKind
    domain_size: int = Field(ge=1, le=50_000_000, description="d: values are 1..d, and 0 for NONE")
    epsilon: float = Field(gt=0, le=EPSILON_LIMIT, description="nominal local epsilon of one report")
    epsilon_micro: int = Field(gt=0, description="ln(w/v) in millionths, rounded up: what the ledger debits")
    mechanism: MechanismRecord
    share: int = Field(ge=1, le=1000, description="weight of this collection in the coin of an epoch")
    dwell_ms: int = Field(default=0, ge=0, description="item_dwelled: visible time that counts as dwelling")

    @model_validator(mode="after")
    def _domain_fits(self) -> Collection:
        mechanism = self.mechanism
        if mechanism.w <= mechanism.v:
            raise ValueError("mechanism.w must be above mechanism.v")
        if isinstance(mechanism, AffinePointMechanism) and mechanism.q**mechanism.dimension <= self.domain_size:
            raise ValueError("q ** dimension must be above domain_size")
        if self.epsilon_micro > self.epsilon * MICRO:
            raise ValueError("epsilon_micro is above the nominal epsilon")
        return self


class TokenTerms(Record):
    """Anonymous tokens of a signed-in shop: each report carries one of this issuer (privacy/tokens.py), and a body has 410 bytes.

    In the configuration, whose hash each challenge and each report's path hold: a key for one person alone is a configuration for
    one person alone, whose bucket stays below the minimum.
    """

    issuer: str = Field(pattern=r"^[a-z0-9][a-z0-9.:-]{0,254}$", description="name of the issuer in every challenge")
    key: str = Field(pattern=r"^[89a-f][0-9a-f]{510}[13579bdf]$", description="modulus of its RSA key, 2,048 bits, hexadecimal")
    url: str = Field(
        default="",
        pattern=r"^(https?://[^/?#]+)?$",
        description="origin of the issuer, '' for the shop's own; browsers post to /v1/tokens there",
    )


class Configuration(Record):
    """What every browser of a release is told to report. Its SHA-256 is the `release` of a report's path.

    A bundle refuses a configuration beyond its own constants, whoever signed it.
    """

    version: Literal[1] = 1
    shop: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    demo: bool = Field(description="true: demo scale, accepted by demo bundles alone and marked in every receipt")
    epoch_s: int = Field(ge=DEMO_EPOCH_LIMIT_S, description="length of an epoch; epoch e is [e * epoch_s, (e + 1) * epoch_s) UTC")
    draw_min_ms: int = Field(ge=0, description="T is uniform in [draw_min_ms, draw_max_ms] after the epoch's first page")
    draw_max_ms: int = Field(ge=0)
    minimum_batch: int = Field(ge=1, description="a bucket with fewer reports is dropped and counted")
    cap_epsilon: float = Field(gt=0, le=CAP_LIMIT_EPSILON, description="most that one client spends per cap_days")
    cap_days: Literal[90] = 90
    poll_s: int = Field(ge=1, description="how often a browser polls the manifest")
    reports_url: str = Field(description="origin of the relay, '' for the shop's own")
    collections: tuple[Collection, ...]
    ranking: RankingRules = RankingRules()
    tokens: TokenTerms | None = Field(default=None, description="null: reports carry no token")

    @model_validator(mode="after")
    def _within_limits(self) -> Configuration:
        if not self.demo and self.epoch_s < EPOCH_LIMIT_S:
            raise ValueError(f"epoch_s is {self.epoch_s}, want at least {EPOCH_LIMIT_S} outside the demo")
        if not self.draw_min_ms <= self.draw_max_ms < self.epoch_s * 1000:
            raise ValueError("want draw_min_ms <= draw_max_ms < one epoch")
        ids = [collection.id for collection in self.collections]
        if len(set(ids)) != len(ids):
            raise ValueError("two collections share an id")
        return self
