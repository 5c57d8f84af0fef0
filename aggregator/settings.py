"""How each process reads its settings: one JSON file, one frozen record, unknown keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import Field

from aggregator.errors import SettingsRefused
from contracts import ContractError, Record

LOOPBACK = "127.0.0.1"


class ServerSettings(Record):
    """Where a process listens."""

    host: str = LOOPBACK
    port: int = Field(default=0, ge=0, le=65535, description="0: any free port")


SettingsT = TypeVar("SettingsT", bound=Record)


def load_settings(kind: type[SettingsT], path: Path) -> SettingsT:
    """Settings from a file; raises `SettingsRefused` with the key at fault."""
    try:
        return kind.from_bytes(path.read_bytes())
    except OSError as error:
        raise SettingsRefused(f"settings {path}: {error.strerror}") from None
    except ContractError as error:
        raise SettingsRefused(f"settings {path}: {error}") from None
