"""Which buckets a relay takes reports for: a pure rule over configurations and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aggregator.errors import SettingsRefused
from aggregator.relay.settings import RelayConfiguration
from contracts import Bucket, Configuration, ContractError, TokenTerms, sha256_hex


@dataclass(frozen=True)
class Admitted:
    """What the relay knows of one release."""

    epoch_s: int
    minimum_batch: int
    collections: frozenset[int]
    key_ids: frozenset[int]
    tokens: TokenTerms | None = None


def read_configurations(configurations: tuple[RelayConfiguration, ...]) -> dict[str, Admitted]:
    """By release: the SHA-256 of the file's bytes."""
    admitted = {}
    for named in configurations:
        try:
            data = Path(named.file).read_bytes()
            configuration = Configuration.from_bytes(data)
        except OSError as error:
            raise SettingsRefused(f"configuration {named.file}: {error.strerror}") from None
        except ContractError as error:
            raise SettingsRefused(f"configuration {named.file}: {error}") from None
        ids = frozenset(collection.id for collection in configuration.collections)
        admitted[sha256_hex(data)] = Admitted(
            configuration.epoch_s, configuration.minimum_batch, ids, frozenset(named.key_ids), configuration.tokens
        )
    return admitted


def refusal(bucket: Bucket, admitted: Mapping[str, Admitted], now_s: float, close_grace_s: float) -> str:
    """Why a report of `bucket` is not taken now, in a sentence; '' where it is.

    Taken: the epoch that is open, and the one before until `close_grace_s` after its end.
    """
    rule = admitted.get(bucket.release)
    if rule is None:
        return "unknown release: this relay does not serve that configuration"
    if bucket.collection not in rule.collections:
        return "unknown collection: the configuration does not name it"
    if bucket.key_id not in rule.key_ids:
        return "unknown key: reports must be sealed to a key of the release"
    if bucket.epoch > now_s // rule.epoch_s:
        return "epoch not open: it has not begun"
    if now_s >= closes_at(bucket.epoch, rule.epoch_s, close_grace_s):
        return "epoch not open: it is over"
    return ""


def closes_at(epoch: int, epoch_s: int, close_grace_s: float) -> float:
    """When a bucket of `epoch` closes, in seconds since 1970."""
    return (epoch + 1) * epoch_s + close_grace_s
