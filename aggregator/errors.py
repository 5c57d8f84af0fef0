"""Errors of the aggregator.

IntentlyError
└── AggregatorError
    ├── SettingsRefused      a settings file that cannot be read or holds an unknown key
    ├── KeyRefused           a key file that is missing, malformed or readable by others
    ├── ReleaseRefused       files that do not belong together, or a manifest that would go backwards
    ├── TransportRefused     a batch that contradicts one already handed over, or a transport that cannot be had
    ├── StoreAway            a database that cannot be reached or refuses for now; waited out
    ├── StaleGeneration      a worker that no longer owns its partition
    ├── PartitionStalled     a partition that has lag and does not move; the process ends, to be started again
    └── CloseRefused         a bucket that may not be closed (budget, minimum, not complete)
"""

from contracts import IntentlyError


class AggregatorError(IntentlyError):
    """Base of the aggregator's errors."""


class SettingsRefused(AggregatorError):
    """A settings file that cannot be used."""


class KeyRefused(AggregatorError):
    """A key file that cannot be used."""


class ReleaseRefused(AggregatorError):
    """Files that do not belong together, or a manifest that would go backwards."""


class TransportRefused(AggregatorError):
    """A transport that cannot take or give a batch."""


class StoreAway(AggregatorError):
    """A database that cannot be reached, or that refuses for now. Nothing is acknowledged meanwhile."""


class StaleGeneration(AggregatorError):
    """Another worker has taken the partition; this one's work is not committed."""


class PartitionStalled(AggregatorError):
    """A partition that has lag and does not move."""


class CloseRefused(AggregatorError):
    """A bucket that may not be closed."""
