"""The console's few lines around `privacy.accounting`. Standard library alone; JSON out, because a browser reads it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import privacy.accounting

from . import published
from .audit import audit as audited
from .documents import Signatures
from .words import planned

ZIP_LIMIT_BYTES = 512 * 1024 * 1024
"""Largest total of a ZIP's members: a small ZIP can claim any size."""


def sources(_files: object = None) -> str:
    """{path: text} of what computes, as it was loaded."""
    accounting = Path(privacy.accounting.__file__).parent
    found = {f"privacy/accounting/{file.name}": file.read_text() for file in sorted(accounting.glob("*.py"))}
    found |= {f"intently_console/{file.name}": file.read_text() for file in sorted(Path(__file__).parent.glob("*.py"))}
    return json.dumps(found)


def wanted(files: Mapping[str, object]) -> str:
    """Paths that these files name and that are not among them."""
    return json.dumps(published.wanted(as_bytes(files)))


def audit(files: Mapping[str, object], release_key: str, answers: str) -> str:
    """{"asked": questions without an answer, "report": the report given the answers so far}.

    `answers`: [[key, payload type, payload, signature, whether it holds], ...].
    """
    given = {(key, kind, payload, signature): bool(holds) for key, kind, payload, signature, holds in json.loads(answers)}
    signatures = Signatures(given)
    report = audited(as_bytes(files), release_key, signatures)
    return json.dumps({"asked": signatures.asked, "report": report})


def plan(_files: object, text: str) -> str:
    """What a plan in JSON would spend (`PlanReport` in page/protocol.ts)."""
    return json.dumps(planned(text))


def unzip(data: object) -> list[tuple[str, bytes]]:
    """(path, bytes) of a ZIP's members."""
    with zipfile.ZipFile(io.BytesIO(bytes_of(data))) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if sum(member.file_size for member in members) > ZIP_LIMIT_BYTES:
            raise ValueError(f"the ZIP holds more than {ZIP_LIMIT_BYTES >> 20} MiB; give the folder instead")
        return [(member.filename, archive.read(member)) for member in members]


def bytes_of(data: object) -> bytes:
    """Bytes of a `bytes`, or of a JavaScript typed array."""
    return data if isinstance(data, bytes) else data.to_bytes() if hasattr(data, "to_bytes") else bytes(data)  # type: ignore[call-overload]


def as_bytes(files: Mapping[str, object]) -> dict[str, bytes]:
    """`files`, whatever the browser handed over as bytes."""
    return {path: bytes_of(data) for path, data in files.items()}
