"""Pools: from private estimates to ordered lists of candidates. Pure: equal inputs give equal bytes."""

from aggregator.pools.category import make_category_pool
from aggregator.pools.evidence import Counts, EpochCounts, Evidence, confidence_of, gather
from aggregator.pools.make import PoolParts, base_pool, make_pool, make_pools
from aggregator.pools.rank_change import cap_rank_change
from aggregator.pools.rules import PoolRules
from aggregator.pools.shrink import posterior

__all__ = [
    "Counts",
    "EpochCounts",
    "Evidence",
    "PoolParts",
    "PoolRules",
    "base_pool",
    "cap_rank_change",
    "confidence_of",
    "gather",
    "make_category_pool",
    "make_pool",
    "make_pools",
    "posterior",
]
