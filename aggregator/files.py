"""Files that appear whole or not at all, and files named by their content."""

from __future__ import annotations

import gzip
import os
import secrets
from pathlib import Path

import brotli

from aggregator.errors import ReleaseRefused
from contracts import FILES_PATH, FileRef, sha256_hex

COMPRESSED_SUFFIXES = (
    ".json", ".jsonl", ".html", ".js", ".mjs", ".css", ".svg", ".txt", ".wasm", ".onnx", ".head", ".rest", ".columns", ".map",
    ".f64",
)  # fmt: skip
"""What is worth compressing before delivery; pictures are compressed already."""
COMPRESS_AT_LEAST_BYTES = 512


def write_atomic(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write beside, fsync, rename, fsync the folder: a reader sees the old file or the new one, also after a power cut."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def compress_beside(path: Path, data: bytes) -> None:
    """Write `path`.br and `path`.gz where that is worth it. Equal files compress to equal bytes: gzip without its time."""
    if path.suffix not in COMPRESSED_SUFFIXES or len(data) < COMPRESS_AT_LEAST_BYTES:
        return
    quality = 11 if len(data) < 1_000_000 else 9  # 11 takes seconds a megabyte
    write_atomic(path.with_name(path.name + ".br"), brotli.compress(data, quality=quality))
    write_atomic(path.with_name(path.name + ".gz"), gzip.compress(data, 6, mtime=0))


def put_file(public: Path, data: bytes, suffix: str, *, compress: bool = True) -> FileRef:
    """Store `data` under its own SHA-256 below `public`/files; storing it again changes nothing."""
    digest = sha256_hex(data)
    reference = FileRef(path=f"{FILES_PATH}/{digest}{suffix}", sha256=digest, bytes=len(data))
    path = public / reference.path
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if compress:
            compress_beside(path, data)
        write_atomic(path, data)
    return reference


def get_file(public: Path, reference: FileRef) -> bytes:
    """The bytes that `reference` names; raises `ReleaseRefused` where they are missing or others."""
    try:
        data = (public / reference.path).read_bytes()
    except OSError:
        raise ReleaseRefused(f"{reference.path} is missing below {public}; publish the release again") from None
    if sha256_hex(data) != reference.sha256:
        raise ReleaseRefused(f"{reference.path} does not have the content that its name says; publish the release again")
    return data


def compress_folder(folder: Path) -> None:
    """`compress_beside` for each file of a bundle or shop folder that has no newer .br beside it."""
    for path in sorted(folder.rglob("*")):
        compressed = path.with_name(path.name + ".br")
        fresh = compressed.exists() and compressed.stat().st_mtime_ns >= path.stat().st_mtime_ns
        if path.is_file() and not fresh:
            compress_beside(path, path.read_bytes())
