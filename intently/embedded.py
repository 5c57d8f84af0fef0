"""The embedded default: relay, analyzer and delivery as three processes under one supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.delivery.settings import DeliverySettings
from aggregator.files import write_atomic
from aggregator.pools import PoolRules
from aggregator.relay.settings import RelayConfiguration, RelaySettings
from contracts import Configuration, Record, Release
from intently.supervisor import Child, Supervisor
from intently.workspace import Workspace

LISTENING = "listening on "


@dataclass(frozen=True)
class Addresses:
    """Where the processes listen, on loopback."""

    relay_port: int
    delivery_port: int
    host: str = "127.0.0.1"

    @property
    def relay(self) -> str:
        """Origin of the relay."""
        return f"http://{self.host}:{self.relay_port}"

    @property
    def delivery(self) -> str:
        """Origin of delivery, and so of the shop."""
        return f"http://{self.host}:{self.delivery_port}"


def settings_of(
    space: Workspace, addresses: Addresses, release: Release, rules: PoolRules, close_grace_s: float
) -> tuple[RelaySettings, AnalyzerSettings, DeliverySettings]:
    """One record for each process. Where the configuration asks for tokens, the relay takes those of keys/token-public.pem."""
    tokens = Configuration.from_bytes((space.public / release.configuration.path).read_bytes()).tokens
    relay = RelaySettings(
        token_keys=() if tokens is None else (str(space.keys / "token-public.pem"),),
        token_issuer="" if tokens is None else tokens.issuer,
        port=addresses.relay_port, store=str(space.relay / "relay.sqlite"), outbox=str(space.outbox), close_grace_s=close_grace_s,
        configurations=(
            RelayConfiguration(
                file=str(space.public / release.configuration.path),
                key_ids=tuple(key.key_id for key in release.hpke_keys if key.state == "active"),
            ),
        ),
    )  # fmt: skip
    analyzer = AnalyzerSettings(
        store=str(space.analyzer / "analyzer.sqlite"), public=str(space.public), keys=str(space.keys),
        outbox=str(space.outbox), pool=rules,
    )  # fmt: skip
    pages = str(space.shop) if space.shop.is_dir() else ""
    delivery = DeliverySettings(
        port=addresses.delivery_port, public=str(space.public), bundle=str(space.bundle), shop=pages,
        relay_origin=addresses.relay,
    )  # fmt: skip
    return relay, analyzer, delivery


def write_settings(space: Workspace, name: str, settings: Record) -> Path:
    """Settings of one process, beside and renamed."""
    path = space.settings / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, settings.to_bytes())
    return path


def start_embedded(
    supervisor: Supervisor, space: Workspace, relay: RelaySettings, analyzer: AnalyzerSettings, delivery: DeliverySettings
) -> list[Child]:
    """Start the three; each is ready when this returns. Raises `ProcessFailed`."""
    for folder in (space.relay, space.analyzer):
        folder.mkdir(parents=True, exist_ok=True)
    started = []
    for name, settings in (("relay", relay), ("analyzer", analyzer), ("delivery", delivery)):
        path = write_settings(space, name, settings)
        started.append(
            supervisor.start(name, f"aggregator.{name}", "--config", str(path), "--stop-on-stdin-eof", ready=LISTENING)
        )
    return started
