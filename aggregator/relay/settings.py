"""Settings of the relay."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from aggregator.settings import ServerSettings
from aggregator.tracing import Trace
from aggregator.transport.kafka_security import KafkaSecurity
from contracts import BATCH_MOST, Record


class RelayConfiguration(Record):
    """A configuration whose reports are taken, and the keys that reports may be sealed to. Several shops may share a relay."""

    file: str = Field(description="path of the configuration; its SHA-256 is the release in a report's path")
    key_ids: tuple[int, ...] = Field(min_length=1)


class RelaySettings(ServerSettings):
    """`python -m aggregator.relay --config intently.yaml`."""

    program: ClassVar[str] = "relay"

    store: str = Field(description="path of the relay's own SQLite file")
    configurations: tuple[RelayConfiguration, ...] = Field(min_length=1)
    transport: Literal["outbox", "kafka"] = "outbox"
    outbox: str = Field(default="", description="outbox: path of the SQLite file that the analyzer reads")
    kafka_bootstrap: str = ""
    kafka_security: KafkaSecurity = KafkaSecurity()
    trace: Trace = Field(default="none", description="otlp: OpenTelemetry spans of closes, hand-overs and folds")
    kafka_topic: str = "intently-batches"
    deployment: Literal["own", "ohttp", "independent"] = Field(
        default="own", description="who runs this relay and what stands before it; decides what `--describe` says is guaranteed"
    )
    ohttp_key: str = Field(default="", description="file with this relay's own X25519 key; '': no oblivious HTTP")
    close_grace_s: float = Field(default=2.0, ge=0, le=3600, description="reports of an epoch are taken so long after its end")
    close_check_s: float = Field(default=0.25, gt=0, description="how often the relay looks for epochs that are over")
    queue_most: int = Field(default=20_000, ge=1, description="reports that wait for the disk; beyond it 429")
    connections_most: int = Field(default=10_000, ge=1, description="open connections; beyond it 503")
    slow_after_s: float = Field(default=10.0, gt=0, description="who has not sent head or body by then is cut off")
    batch_most: int = Field(default=BATCH_MOST, ge=1, le=BATCH_MOST, description="reports in one message to the analyzer")
    metrics_port: int = Field(
        default=0, ge=0, le=65535, description="loopback port of Prometheus metrics, apart from the public one; 0: none"
    )
    retry_after_s: int = Field(default=2, ge=1)
    token_keys: tuple[str, ...] = Field(
        default=(),
        description="public key files of the token issuer: then every report carries a token, 410 bytes; none: 56 bytes",
    )
    token_issuer: str = Field(default="", description="name of the token issuer, as in its challenges")
    quota_per_prefix: int = Field(
        default=0, ge=0, description="reports of one network prefix (/24, /56) in a window, counted in memory only; 0: no quota"
    )
    quota_window_s: float = Field(default=3600.0, gt=0)

    @model_validator(mode="after")
    def _transport_named(self) -> RelaySettings:
        if self.transport == "outbox" and not self.outbox:
            raise ValueError("transport outbox needs 'outbox', the path of its file")
        if self.transport == "kafka" and not self.kafka_bootstrap:
            raise ValueError("transport kafka needs 'kafka_bootstrap', as 127.0.0.1:9092")
        if self.deployment == "ohttp" and not self.ohttp_key:
            raise ValueError("deployment ohttp needs 'ohttp_key', the file of this relay's own key")
        return self
