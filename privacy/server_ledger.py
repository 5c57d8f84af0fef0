"""The server's ledger: append-only, hash-chained, signed, on the disk before anything is published.

One envelope a line (contracts.LedgerEntry). `append` returns only after fsync; a last line without its line feed was never
acknowledged, so it is cut off when the file is opened. One entry for each bucket: appending again returns the first entry.
"""

from __future__ import annotations

import os
from pathlib import Path

from contracts import LEDGER_ENTRY_TYPE, Envelope, IntentlyError, LedgerEntry, Receipt, sha256_hex
from contracts.report import Bucket
from privacy.errors import LedgerRefused
from privacy.signing import public_key_of, sign, verify


class ServerLedger:
    """The ledger file of one shop; one writer at a time."""

    def __init__(self, path: Path, private_key: bytes) -> None:
        """Open or begin the ledger; checks its chain and signatures, raises `LedgerRefused` with the line at fault."""
        self.path, self._key = Path(path), private_key
        self._public = public_key_of(private_key)
        self._by_bucket: dict[Bucket, LedgerEntry] = {}
        self.entries, self.head, self._broken = 0, "", False
        for number, line in enumerate(self._whole_lines(), start=1):
            self._take(self._parse(line, number), number)

    def append(self, receipt_payload: bytes, *, time: int) -> LedgerEntry:
        """Record the spending of a receipt (its exact payload bytes) and make it durable.

        Idempotent by bucket for the same receipt; another receipt for a recorded bucket raises `LedgerRefused`: a bucket is
        spent once.
        """
        receipt, digest = Receipt.from_bytes(receipt_payload), sha256_hex(receipt_payload)
        known = self._by_bucket.get(receipt.bucket)
        if known is not None:
            if known.receipt != digest:
                raise LedgerRefused(f"ledger: {receipt.bucket.path()} is recorded with another receipt; a bucket is spent once")
            return known
        entry = LedgerEntry(
            index=self.entries, previous=self.head, time=time, receipt=digest, release=receipt.release,
            collection=receipt.collection.id, epoch=receipt.epoch, key_id=receipt.key_id,
            epsilon_micro=receipt.collection.epsilon_micro, reports=receipt.reports,
        )  # fmt: skip
        if self._broken:
            raise LedgerRefused(
                f"{self.path.name}: an earlier write failed, what is on the disk is not known; open the ledger again"
            )
        payload = entry.to_bytes()
        self._broken = True
        self._write(sign(LEDGER_ENTRY_TYPE, payload, self._key).to_bytes() + b"\n")
        self._broken = False
        self._take((entry, payload), self.entries + 1)
        return entry

    def find(self, bucket: Bucket) -> LedgerEntry | None:
        """The entry of a bucket, None if nothing was spent on it."""
        return self._by_bucket.get(bucket)

    def all(self) -> tuple[LedgerEntry, ...]:
        """Every entry, oldest first."""
        return tuple(self._by_bucket.values())

    def spent_micro(self, collection: int) -> int:
        """Sum of the local epsilons recorded for a collection, in millionths."""
        return sum(entry.epsilon_micro for entry in self._by_bucket.values() if entry.collection == collection)

    def _whole_lines(self) -> list[bytes]:
        data = self.path.read_bytes() if self.path.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) != len(data):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))
                os.fsync(file.fileno())
        return whole.splitlines()

    def _parse(self, line: bytes, number: int) -> tuple[LedgerEntry, bytes]:
        try:
            payload = verify(Envelope.from_bytes(line), LEDGER_ENTRY_TYPE, self._public)
            return LedgerEntry.from_bytes(payload), payload
        except IntentlyError as error:
            raise LedgerRefused(f"{self.path.name} line {number}: {error}") from None

    def _take(self, parsed: tuple[LedgerEntry, bytes], number: int) -> None:
        entry, payload = parsed
        if entry.index != self.entries or entry.previous != self.head:
            raise LedgerRefused(f"{self.path.name} line {number}: does not follow the line before; restore the file from a copy")
        bucket = Bucket(entry.release, entry.collection, entry.epoch, entry.key_id)
        if bucket in self._by_bucket:
            raise LedgerRefused(f"{self.path.name} line {number}: spends {bucket.path()} a second time")
        self._by_bucket[bucket] = entry
        self.entries, self.head = entry.index + 1, sha256_hex(payload)

    def _write(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        begun = self.path.exists()
        with self.path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        if not begun:
            folder = os.open(self.path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
