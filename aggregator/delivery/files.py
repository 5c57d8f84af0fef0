"""Reading what is delivered: nothing outside its folder, precompressed where the client takes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aggregator.delivery.headers import accepted_encoding, content_type
from contracts import sha256_hex

_SUFFIXES = {"br": ".br", "gzip": ".gz"}


@dataclass(frozen=True)
class Found:
    """A file as it goes out."""

    body: bytes
    media_type: str
    encoding: str
    etag: str


def find(folder: Path, name: str, accept_encoding: str = "") -> Found | None:
    """The file `name` below `folder`, None if there is none, it is hidden, or the name leads outside."""
    parts = name.split("/")
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    path = folder.joinpath(*parts)
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        return None
    encoding = accepted_encoding(accept_encoding)
    compressed = path.with_name(path.name + _SUFFIXES[encoding]) if encoding else None
    if compressed is not None and compressed.is_file():
        return _found(compressed, path.suffix, encoding)
    return _found(path, path.suffix, "")


def _found(path: Path, suffix: str, encoding: str) -> Found:
    body = path.read_bytes()
    return Found(body, content_type(suffix), encoding, f'"{sha256_hex(body)}"')
