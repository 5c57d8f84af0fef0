"""What `intently audit verify` and `intently audit budget` print, from public files alone.

The checks stand in `privacy.accounting`, which the auditor's browser runs too; here are the folder, Ed25519, brotli, and OpenDP
as the second opinion on each epsilon.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import brotli

from contracts import FILES_PATH, LEDGER_PATH, MANIFEST_PATH, MICRO, Guarantees, Noise, Receipt
from privacy.accounting import Fault, PublicFiles, verify_files
from privacy.errors import AuditRefused, MechanismRefused, PrivacyError
from privacy.mechanisms import mechanism_of
from privacy.opendp_reference import reference_epsilon
from privacy.signing import verify_bytes
from privacy.spending_report import BudgetReport, BudgetRow, ServerRow, budget

__all__ = [
    "BudgetReport", "BudgetRow", "Fault", "PublicFolder", "ReceiptRow", "ServerRow", "VerifyReport", "budget", "verify_public",
]  # fmt: skip


@dataclass(frozen=True)
class ReceiptRow:
    """One closed bucket, as its receipt states it."""

    path: str
    collection: str
    epoch: int
    reports: int
    operators: int
    guarantees: Guarantees
    noise: Noise | None


@dataclass(frozen=True)
class VerifyReport:
    """Result of the audit of a public folder."""

    faults: tuple[Fault, ...]
    shop: str
    demo: bool
    release_version: int
    manifest_version: int
    manifest_expires: int
    """Seconds since 1970; whether that is past is for the caller to say, who has a clock."""
    files: int
    """Files in files/ whose content was compared with their name."""
    ledger_entries: int
    pending: int
    """Ledger lines not yet in a manifest: closes caught in the middle of their publication."""
    receipts: tuple[ReceiptRow, ...]
    signatures: int
    """Envelopes whose signature held: releases, manifest, receipts and ledger lines."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


class PublicFolder(Mapping[str, bytes]):
    """Files of a public folder by their path below it, read when asked for; files half written (`.name...`) are not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = [folder / MANIFEST_PATH, folder / LEDGER_PATH, *(folder / FILES_PATH).rglob("*")]
        self._paths = [path.relative_to(folder).as_posix() for path in found if path.is_file() and not path.name.startswith(".")]
        self._names = set(self._paths)

    def __getitem__(self, path: str) -> bytes:
        if path not in self._names:
            raise KeyError(path)
        return (self._folder / path).read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def verify_public(folder: Path, release_key_hex: str, now: float | None = None) -> VerifyReport:
    """Check every signature, hash, chain link, number and link below `folder`, offline, from the release key alone.

    `now` (seconds since 1970): where it is given, a manifest or its release that has expired is a fault too.
    Raises `AuditRefused` where there is nothing to audit or the key is no key. Reading trusts nothing that is not signed.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", release_key_hex):
        raise AuditRefused("release key: want an Ed25519 public key in 64 lower-case hexadecimal digits")
    if not (folder / MANIFEST_PATH).is_file() and not (folder / FILES_PATH).is_dir():
        raise AuditRefused(f"{folder}: holds neither {MANIFEST_PATH} nor {FILES_PATH}/; give the folder that delivery serves")
    public = verify_files(PublicFolder(folder), bytes.fromhex(release_key_hex), verify_bytes, {".br": unbrotli})
    rows = _receipts(public)
    manifest = public.manifest
    if now is not None:
        _check_expiry(public, now)
    return VerifyReport(
        faults=tuple(public.faults), shop=str(manifest.get("shop", "")), demo=bool(manifest.get("demo", False)),
        release_version=max((each.document["version"] for each in public.releases), default=0),
        manifest_version=int(manifest.get("version", 0)), manifest_expires=int(manifest.get("expires", 0)),
        files=public.hashed, ledger_entries=len(public.entries), pending=public.pending, receipts=rows,
        signatures=len(public.releases) + bool(manifest) + len(public.receipts) + len(public.entries),
    )  # fmt: skip


def _check_expiry(public: PublicFiles, now: float) -> None:
    """A browser refuses what has expired, so it must not be what is served."""
    if not public.manifest:
        return
    served = [each for each in public.releases if each.path == public.manifest["release"]["path"]]
    expiries = [(MANIFEST_PATH, public.manifest["expires"]), *((each.path, each.document["expires"]) for each in served)]
    for path, expires in expiries:
        if expires < now:
            public.note(f"{path}, field expires", f"is {expires}, and it is {int(now)} now: browsers refuse it")


def unbrotli(data: bytes) -> bytes:
    """Content of a .br copy; raises ValueError."""
    try:
        return bytes(brotli.decompress(data))
    except brotli.error as error:
        raise ValueError(str(error)) from None


def _receipts(public: PublicFiles) -> tuple[ReceiptRow, ...]:
    """Rows of the receipts, oldest epoch first; each parsed by its contract, each epsilon compared with OpenDP's."""
    rows = []
    for signed in public.receipts:
        try:
            receipt = Receipt.from_bytes(signed.payload)
            _second_opinion(receipt)
            _second_opinion_on_noise(receipt)
        except PrivacyError as error:
            place = "noise" if str(error).startswith("noise") else "collection.mechanism"
            public.note(f"{signed.path}, field {place}", str(error))
            continue
        except Exception as error:
            public.note(signed.path, f"does not follow its contract: {error}")
            continue
        rows.append(
            ReceiptRow(
                signed.path,
                receipt.collection.name,
                receipt.epoch,
                receipt.reports,
                receipt.operators,
                receipt.guarantees,
                receipt.noise,
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.epoch, row.collection)))


def _second_opinion(receipt: Receipt) -> None:
    """Raise `MechanismRefused` where OpenDP's map of the channel says more than the receipt or its collection states."""
    found = reference_epsilon(mechanism_of(receipt.collection))
    stated = min(receipt.guarantees.local, receipt.collection.epsilon_micro / MICRO)
    if stated < found:
        raise MechanismRefused(f"states epsilon {stated} of one report, OpenDP's map says {found}")


def _second_opinion_on_noise(receipt: Receipt) -> None:
    """The same of the noise, by OpenDP's map of its own discrete Gaussian."""
    noise, stated = receipt.noise, receipt.guarantees
    if noise is None or stated.noised is None or not 0 < stated.delta < 1:
        return  # what is missing is named where the numbers are checked
    from privacy.noise import AGREEMENT, reference_noised_epsilon

    found = min(reference_noised_epsilon(noise.support_most, noise.sigma, stated.delta), stated.local)
    if stated.noised < found - AGREEMENT:
        raise MechanismRefused(f"noise: states epsilon {stated.noised} at delta {stated.delta:g}, OpenDP's maps say {found}")
