"""How each process reads its settings: one YAML (or JSON) file, one frozen record a process, unknown keys refused.

A later one wins: default < file < environment < flag. The file holds the keys of one process, or a section for each:

    relay:
      port: 8091
      store: shop/relay/relay.sqlite
    analyzer: {...}
    delivery: {...}

Environment: INTENTLY_RELAY_PORT=8091, INTENTLY_ANALYZER_POOL__SIZE=300. Flags: --set port=8091 --set pool.size=300.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from aggregator.errors import SettingsRefused
from contracts import Record

LOOPBACK = "127.0.0.1"
PROGRAMS = ("relay", "analyzer", "delivery", "issuer")
NESTED = "__"
"""Between the parts of a nested key in the environment."""


class ServerSettings(Record):
    """Where a process listens."""

    program: ClassVar[str] = ""
    """Section of the file, and part of the environment's names."""

    host: str = LOOPBACK
    port: int = Field(default=0, ge=0, le=65535, description="0: any free port")


SettingsT = TypeVar("SettingsT", bound=ServerSettings)


@dataclass(frozen=True)
class Loaded(Generic[SettingsT]):
    """Settings, and where each key that is no default came from."""

    settings: SettingsT
    origins: Mapping[str, str]
    """Dotted key -> `file PATH`, `environment NAME` or `flag`."""


def load_settings(kind: type[SettingsT], path: Path, flags: Sequence[str] = ()) -> SettingsT:
    """As `load_with_origins`, without the origins."""
    return load_with_origins(kind, path, flags).settings


def load_with_origins(kind: type[SettingsT], path: Path, flags: Sequence[str] = ()) -> Loaded[SettingsT]:
    """Settings of one process; `flags` are KEY=VALUE. Raises `SettingsRefused` with the key at fault and where it came from."""
    given, told = read_section(path, kind.program), _flags(flags)
    prefix = f"INTENTLY_{kind.program.upper()}_"
    _refuse_unknown_environment(kind, prefix)
    sources: list[PydanticBaseSettingsSource] = []

    class Sources(BaseSettings):
        model_config = SettingsConfigDict(env_prefix=prefix, env_nested_delimiter=NESTED, extra="forbid", frozen=True)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
            environment = EnvSettingsSource(settings_cls, env_prefix=prefix, env_nested_delimiter=NESTED)
            sources[:] = [InitSettingsSource(settings_cls, told), environment, InitSettingsSource(settings_cls, given)]
            return tuple(sources)

    merged = type(kind.__name__, (Sources, kind), {})
    try:
        found = merged()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        origin = _origins(path, prefix, sources).get(place, f"file {path}")
        raise SettingsRefused(f"settings {path}: {kind.__name__}: at {place} ({origin}): {first['msg']}") from None
    except SettingsError as error:
        raise SettingsRefused(f"settings {path}: environment {prefix}...: {error}; write JSON for a list or a record") from None
    return Loaded(kind.model_validate(found.model_dump()), _origins(path, prefix, sources))


def read_section(path: Path, program: str) -> dict[str, Any]:
    """The keys of one process in a settings file; raises `SettingsRefused`."""
    document = read_document(path)
    sections = set(document) & set(PROGRAMS)
    if not sections:
        return document
    if others := sorted(set(document) - set(PROGRAMS)):
        raise SettingsRefused(f"settings {path}: at {others[0]}: unknown section, want {', '.join(PROGRAMS)}")
    if program not in sections:
        raise SettingsRefused(f"settings {path}: has no section {program}, only {', '.join(sorted(sections))}")
    section = document[program]
    if not isinstance(section, dict):
        raise SettingsRefused(f"settings {path}: at {program}: got {type(section).__name__}, want keys and values")
    return section


def read_document(path: Path) -> dict[str, Any]:
    """A settings file as keys and values; JSON is YAML too. Raises `SettingsRefused`."""
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SettingsRefused(f"settings {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"settings {path}: no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise SettingsRefused(f"settings {path}: got {type(document).__name__}, want keys and values")
    return {str(key): value for key, value in document.items()}


def _flags(flags: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for flag in flags:
        key, equals, text = flag.partition("=")
        if not key or not equals:
            raise SettingsRefused(f"--set: got {flag!r}, want KEY=VALUE, as port=8091 or pool.size=300")
        *parents, last = key.split(".")
        place = told
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = yaml.safe_load(text)
    return told


def _refuse_unknown_environment(kind: type[ServerSettings], prefix: str) -> None:
    for name in os.environ:
        field = name[len(prefix) :].split(NESTED)[0].lower()
        if name.upper().startswith(prefix) and field not in kind.model_fields:
            raise SettingsRefused(f"environment {name}: {kind.__name__} has no key {field}")


def _origins(path: Path, prefix: str, sources: Sequence[PydanticBaseSettingsSource]) -> dict[str, str]:
    origins: dict[str, str] = {}
    for source in reversed(sources):
        for key in _leaves(source()):
            if isinstance(source, EnvSettingsSource):
                origins[key] = f"environment {prefix}{key.upper().replace('.', NESTED)}"
            else:
                origins[key] = "flag" if source is sources[0] else f"file {path}"
    return origins


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}"


__all__ = ["LOOPBACK", "PROGRAMS", "Loaded", "ServerSettings", "load_settings", "load_with_origins", "read_document"]
