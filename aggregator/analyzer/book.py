"""What the analyzer knows of the releases whose reports it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregator.analyzer.folds import BucketRules
from contracts import Bucket, Collection, Configuration
from privacy.mechanisms import mechanism_of


@dataclass(frozen=True)
class Book:
    """Configurations by release."""

    configurations: Mapping[str, Configuration]

    @classmethod
    def from_bytes(cls, configurations: Mapping[str, bytes]) -> Book:
        """Parse each."""
        return cls({release: Configuration.from_bytes(body) for release, body in configurations.items()})

    def collection(self, bucket: Bucket) -> tuple[Configuration, Collection] | None:
        """The bucket's configuration and collection, None where they are not known."""
        configuration = self.configurations.get(bucket.release)
        if configuration is None:
            return None
        found = next((each for each in configuration.collections if each.id == bucket.collection), None)
        return (configuration, found) if found else None

    def rules(self, bucket: Bucket) -> tuple[int, BucketRules] | None:
        """Length of an epoch in seconds and what to check in the bucket, None where it is not known."""
        known = self.collection(bucket)
        if known is None:
            return None
        configuration, collection = known
        rules = BucketRules(collection.id, mechanism_of(collection).messages, configuration.minimum_batch)
        return configuration.epoch_s, rules
