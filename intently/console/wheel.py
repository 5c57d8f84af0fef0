"""A plain py3-none-any wheel of given sources, the same bytes for the same sources on every machine.

Format: Python packaging's binary distribution format 1.0 (PEP 427). Sources stay readable in it: an auditor
reads what runs, and the same file comes out of every Python (docs/decisions/0003-pyodide-build.md).
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from io import BytesIO

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member: the earliest that a ZIP can hold."""


def wheel_name(name: str, version: str) -> str:
    """File name of the wheel; `-` is a separator in it, so a name has `_` instead."""
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def record_line(path: str, data: bytes) -> str:
    """Line of RECORD: path, SHA-256 in unpadded URL-safe base64, bytes."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(data)}"


def make_wheel(name: str, version: str, summary: str, sources: Mapping[str, bytes]) -> bytes:
    """Wheel of `sources` ({path in the wheel: bytes}); members are stored in the order of their paths."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {summary}\nRequires-Python: >=3.11\n"
    tags = "Wheel-Version: 1.0\nGenerator: intently.console\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = {path: sources[path] for path in sorted(sources)}
    members |= {f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": tags.encode()}
    record = [record_line(path, data) for path, data in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    return zipped(members)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """ZIP whose bytes depend on `members` alone: fixed times and modes, stored and not deflated (zlib's output varies)."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in members.items():
            member = zipfile.ZipInfo(path, EPOCH)
            member.create_system = 3  # Unix, on Windows too
            member.external_attr = 0o100644 << 16
            archive.writestr(member, data)
    return buffer.getvalue()
