"""Wire of a report, and of a batch of reports. All integers are big-endian; trailing bytes are refused.

Report path   POST /v1/reports/{release}/{collection}/{epoch}/{key_id}
              release: SHA-256 of the configuration's bytes, hex; the rest decimal. Content-Type: text/plain
Body          56 bytes   enc[32] ‖ ct[8] ‖ tag[16]      HPKE base mode, RFC 9180: X25519, HKDF-SHA256, AES-128-GCM
Plaintext      8 bytes   version u8 = 1 ‖ collection u8 ‖ zero u16 ‖ message u32
HPKE info     57 bytes   "intently/report/v1" (18) ‖ 00 ‖ collection u8 ‖ epoch u32 ‖ key_id u8 ‖ release (32)

Batch  (relay -> analyzer, one Kafka message or outbox row)
    magic "IRB1" (4) ‖ release (32) ‖ collection u8 ‖ key_id u8 ‖ zero u16 ‖ epoch u32 ‖
    bucket_reports u32 ‖ sequence u32 ‖ count u16 ‖ zero u16 ‖ count × body (56)
    bucket_reports is the number of reports in the whole bucket: the bucket is complete when that many arrived.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from contracts.errors import ContractError

BODY_BYTES = 56
PLAINTEXT_BYTES = 8
REPORT_VERSION = 1
INFO_LABEL = b"intently/report/v1"
BATCH_MAGIC = b"IRB1"
BATCH_HEADER = struct.Struct(">4s32sBBHIIIHH")
BATCH_MOST = 100
"""Reports packed into one batch: what Faust's cost for each message is spread over."""

_PLAINTEXT = struct.Struct(">BBHI")
_INFO_TAIL = struct.Struct(">BIB32s")
_PATH = re.compile(r"/v1/reports/([0-9a-f]{64})/([1-9][0-9]{0,2})/(0|[1-9][0-9]{0,9})/(0|[1-9][0-9]{0,2})")


@dataclass(frozen=True, order=True)
class Bucket:
    """What a relay may know of a report, and all by which it batches."""

    release: str
    collection: int
    epoch: int
    key_id: int

    def path(self) -> str:
        """Path that a report of this bucket is posted to."""
        return f"/v1/reports/{self.release}/{self.collection}/{self.epoch}/{self.key_id}"

    @classmethod
    def from_path(cls, path: str) -> Bucket:
        """Inverse of `path`; raises `ContractError`."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise ContractError("report path: want /v1/reports/{release}/{collection}/{epoch}/{key_id}")
        release, collection, epoch, key_id = match[1], int(match[2]), int(match[3]), int(match[4])
        if collection > 255 or key_id > 255 or epoch > 0xFFFFFFFF:
            raise ContractError("report path: collection and key_id fit one byte, epoch fits four")
        return cls(release, collection, epoch, key_id)

    def info(self) -> bytes:
        """HPKE info: binds the ciphertext to this bucket."""
        tail = _INFO_TAIL.pack(self.collection, self.epoch, self.key_id, bytes.fromhex(self.release))
        return INFO_LABEL + b"\0" + tail


def pack_plaintext(collection: int, message: int) -> bytes:
    """8-byte plaintext of a report."""
    return _PLAINTEXT.pack(REPORT_VERSION, collection, 0, message)


def unpack_plaintext(data: bytes) -> tuple[int, int]:
    """(collection, message); raises `ContractError` on a wrong length, version or padding."""
    if len(data) != PLAINTEXT_BYTES:
        raise ContractError(f"report plaintext: got {len(data)} bytes, want {PLAINTEXT_BYTES}")
    version, collection, zero, message = _PLAINTEXT.unpack(data)
    if version != REPORT_VERSION or zero != 0:
        raise ContractError(f"report plaintext: got version {version} and padding {zero}, want {REPORT_VERSION} and 0")
    return collection, message


@dataclass(frozen=True)
class Batch:
    """Part of a closed and shuffled bucket."""

    bucket: Bucket
    bucket_reports: int
    sequence: int
    bodies: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Packed batch."""
        b = self.bucket
        header = BATCH_HEADER.pack(
            BATCH_MAGIC, bytes.fromhex(b.release), b.collection, b.key_id, 0, b.epoch,
            self.bucket_reports, self.sequence, len(self.bodies), 0,
        )  # fmt: skip
        return header + b"".join(self.bodies)

    @classmethod
    def from_bytes(cls, data: bytes) -> Batch:
        """Inverse of `to_bytes`; raises `ContractError`."""
        if len(data) < BATCH_HEADER.size:
            raise ContractError(f"batch: got {len(data)} bytes, want at least {BATCH_HEADER.size}")
        magic, release, collection, key_id, zero, epoch, total, sequence, count, zero2 = BATCH_HEADER.unpack_from(data)
        if magic != BATCH_MAGIC or zero or zero2:
            raise ContractError(f"batch: got magic {magic!r}, want {BATCH_MAGIC!r} and zero padding")
        if len(data) != BATCH_HEADER.size + count * BODY_BYTES:
            raise ContractError(f"batch: got {len(data)} bytes for {count} reports of {BODY_BYTES}")
        body = memoryview(data)[BATCH_HEADER.size :]
        bodies = tuple(bytes(body[at : at + BODY_BYTES]) for at in range(0, len(body), BODY_BYTES))
        return cls(Bucket(release.hex(), collection, epoch, key_id), total, sequence, bodies)
