"""Settings of the analyzer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from aggregator.analyzer.policy import LatePolicy
from aggregator.analyzer.store_database import is_postgres
from aggregator.pools import PoolRules
from aggregator.postgres import tells_password
from aggregator.settings import ServerSettings
from aggregator.tracing import Trace
from aggregator.transport.kafka_security import KafkaSecurity


class AnalyzerSettings(ServerSettings):
    """`python -m aggregator.analyzer --config intently.yaml`."""

    program: ClassVar[str] = "analyzer"

    store: str = Field(
        description="path of the analyzer's own SQLite file (workers of one host) or postgresql://user@host/name (of several), "
        "whose password stands in ~/.pgpass, PGPASSFILE or PGPASSWORD, not here"
    )
    publishes: bool = Field(default=True, description="false: this worker folds, another host that has the public folder closes")
    public: str = Field(description="folder of manifest.json, files/ and ledger.jsonl")
    keys: str = Field(description="folder of pool.key, ledger.key and hpke-ID.key")
    transport: Literal["outbox", "kafka"] = "outbox"
    outbox: str = Field(default="", description="outbox: path of the SQLite file that the relay writes")
    kafka_bootstrap: str = ""
    kafka_security: KafkaSecurity = KafkaSecurity()
    trace: Trace = Field(default="none", description="otlp: OpenTelemetry spans of closes, hand-overs and folds")
    kafka_topic: str = "intently-batches"
    kafka_group: str = Field(default="intently-analyzer", description="consumer group; also the name of the Faust app")
    kafka_dead_letter_topic: str = Field(default="intently-dead-letters", description="'': dead letters stay in the store")
    kafka_session_timeout_s: float = Field(
        default=10.0,
        ge=1,
        le=60,
        description="until Kafka gives a killed worker's partitions to another",
    )
    stall_s: float = Field(
        default=120.0,
        gt=0,
        description="a partition of ours that has lag and does not move for so long ends the process",
    )
    open_processes: int = Field(default=0, ge=0, le=256, description="processes that open reports; 0: the worker's own")
    early_most_s: float = Field(default=86_400, ge=0, description="batches of an epoch that ends later are dead letters")
    late_most_s: float = Field(default=30 * 86_400, gt=0, description="and those of one that ended longer ago")
    incomplete_after_s: float = Field(
        default=86_400,
        ge=0,
        description="when a bucket that is not complete closes, after its epoch",
    )
    retention_days: int = Field(default=120, ge=1, description="ended buckets and dead letters are forgotten after it")
    poll_s: float = Field(default=0.1, gt=0, description="how often the outbox is looked at")
    operators: Literal[1, 2] = Field(default=1, description="2: the relay is another operator's, receipts state `shuffled`")
    delta: float = Field(default=1e-8, gt=0, lt=1, description="of the shuffled and public epsilons")
    noise_epsilon: float | None = Field(
        default=None,
        ge=0.01,
        le=8,
        description="most that one report of a close may cost against all who see what is published, at `delta`, by noise on the "
        "counts alone; null: no noise",
    )
    budget_epsilon: float | None = Field(
        default=None, gt=0, description="most local epsilon that the server spends in all on one collection; null: only recorded"
    )
    manifest_lifetime_s: int = Field(default=7 * 86_400, ge=60)
    pool: PoolRules = PoolRules()

    @field_validator("store")
    @classmethod
    def _path_or_database(cls, store: str) -> str:
        if "://" in store and not is_postgres(store):
            raise ValueError("want the path of a file, or postgresql://user@host/name")
        if is_postgres(store) and tells_password(store):
            raise ValueError("a password must not stand in the URL; put it into ~/.pgpass, PGPASSFILE or PGPASSWORD")
        return store

    @model_validator(mode="after")
    def _transport_named(self) -> AnalyzerSettings:
        if self.transport == "outbox" and not self.outbox:
            raise ValueError("transport outbox needs 'outbox', the path of its file")
        if self.transport == "kafka" and not self.kafka_bootstrap:
            raise ValueError("transport kafka needs 'kafka_bootstrap', as 127.0.0.1:9092")
        if self.late_most_s > self.retention_days * 86_400:
            raise ValueError("late_most_s must not exceed retention_days: a bucket that was forgotten would open again")
        return self

    def faust_folder(self) -> Path:
        """Faust wants one; with its tables in memory nothing of worth is in it."""
        return Path(tempfile.gettempdir() if is_postgres(self.store) else Path(self.store).parent) / "faust"

    def publishing_lock(self) -> Path:
        """The file that tells the host's workers, or those that share the public folder, who publishes."""
        return Path(self.public) / ".publishing" if is_postgres(self.store) else Path(self.store).with_suffix(".publishing")

    def late_policy(self) -> LatePolicy:
        """What is early, late, overdue and forgotten."""
        return LatePolicy(self.early_most_s, self.late_most_s, self.incomplete_after_s, self.retention_days * 86_400)
