"""The simulated shop: an invented catalogue, invented shoppers. Whatever comes from here is called simulated."""

from intently.simulator.catalogue import catalogue_for
from intently.simulator.shop import Shop, simulate_shop

__all__ = ["Shop", "catalogue_for", "simulate_shop"]
