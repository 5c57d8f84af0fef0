"""Where the files of one shop stand: one folder, the same names for the demo and for a real deployment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """Paths below `root`."""

    root: Path

    @property
    def model(self) -> Path:
        """Run directory of the training: model.onnx, feature_spec.json, card."""
        return self.root / "model"

    @property
    def catalogue(self) -> Path:
        """Catalogue with everything that a card shows."""
        return self.root / "catalogue.json"

    @property
    def keys(self) -> Path:
        """Private keys, mode 0600."""
        return self.root / "keys"

    @property
    def public(self) -> Path:
        """What delivery serves below /intently: manifest.json, files/, ledger.jsonl."""
        return self.root / "public"

    @property
    def bundle(self) -> Path:
        """The browser bundle."""
        return self.root / "bundle"

    @property
    def shop(self) -> Path:
        """Pages of the demo shop."""
        return self.root / "shop"

    @property
    def relay(self) -> Path:
        """The relay's own store; it never sees the keys."""
        return self.root / "relay"

    @property
    def analyzer(self) -> Path:
        """The analyzer's own store."""
        return self.root / "analyzer"

    @property
    def outbox(self) -> Path:
        """Where the relay hands closed batches to the analyzer."""
        return self.root / "outbox.sqlite"

    @property
    def settings(self) -> Path:
        """Settings of each process, JSON."""
        return self.root / "settings"

    @property
    def logs(self) -> Path:
        """Logs of each process."""
        return self.root / "logs"
