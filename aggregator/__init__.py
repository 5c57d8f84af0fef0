"""What runs beside the shop: relay, analyzer, pools, releases and delivery. Import the submodule that you need."""

from aggregator.errors import AggregatorError

__all__ = ["AggregatorError"]
