"""Settings of the analyzer."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aggregator.pools import PoolRules
from aggregator.settings import ServerSettings


class AnalyzerSettings(ServerSettings):
    """`python -m aggregator.analyzer --config analyzer.json`."""

    store: str = Field(description="path of the analyzer's own SQLite file")
    public: str = Field(description="folder of manifest.json, files/ and ledger.jsonl")
    keys: str = Field(description="folder of pool.key, ledger.key and hpke-ID.key")
    transport: Literal["outbox", "kafka"] = "outbox"
    outbox: str = Field(default="", description="outbox: path of the SQLite file that the relay writes")
    kafka_bootstrap: str = ""
    kafka_topic: str = "intently-batches"
    kafka_group: str = Field(default="intently-analyzer", description="consumer group; also the name of the Faust app")
    poll_s: float = Field(default=0.1, gt=0, description="how often the outbox is looked at")
    operators: Literal[1, 2] = Field(default=1, description="2: the relay is another operator's, receipts state `shuffled`")
    delta: float = Field(default=1e-8, gt=0, lt=1, description="of the shuffled and public epsilons")
    budget_epsilon: float | None = Field(
        default=None, gt=0, description="most local epsilon that the server spends in all on one collection; null: only recorded"
    )
    manifest_lifetime_s: int = Field(default=7 * 86_400, ge=60)
    pool: PoolRules = PoolRules()

    @model_validator(mode="after")
    def _transport_named(self) -> AnalyzerSettings:
        if self.transport == "outbox" and not self.outbox:
            raise ValueError("transport outbox needs 'outbox', the path of its file")
        if self.transport == "kafka" and not self.kafka_bootstrap:
            raise ValueError("transport kafka needs 'kafka_bootstrap', as 127.0.0.1:9092")
        return self
