"""The shop's feed in, an append-only catalogue out: `read_feed` the file, `merge` it into what was there before."""

from edge_model.catalogue.feed import FEEDS, Offer, read_feed
from edge_model.catalogue.merge import Imported, check_append_only, merge

__all__ = ["FEEDS", "Imported", "Offer", "check_append_only", "merge", "read_feed"]
