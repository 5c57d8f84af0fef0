"""Binary HTTP (RFC 9292): known-length requests in, known-length responses out; the indeterminate-length form is refused.

Request   framing 0 ‖ method ‖ scheme ‖ authority ‖ path ‖ fields ‖ content ‖ trailers ‖ padding (zeros)
Response  framing 1 ‖ status ‖ fields ‖ content ‖ trailers
Each part is a QUIC variable-length integer (RFC 9000, section 16) and so many bytes; fields hold pairs of such parts. Content,
trailers and padding may be cut off where they are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

KNOWN_LENGTH_REQUEST, KNOWN_LENGTH_RESPONSE = 0, 1


class BinaryHttpRefused(Exception):
    """Bytes that are no request of the supported form."""


@dataclass(frozen=True)
class Request:
    """What is inside; field names are in lower case."""

    method: bytes
    path: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    content: bytes


def varint(number: int) -> bytes:
    """1, 2, 4 or 8 bytes."""
    for at, bits in enumerate((6, 14, 30, 62)):
        if number < 1 << bits:
            length = 1 << at
            return (number | at << (8 * length - 2)).to_bytes(length, "big")
    raise ValueError(f"varint: got {number}, want below 2^62")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, length: int) -> bytes:
        if length > self.left():
            raise BinaryHttpRefused(f"got {self.left()} bytes where {length} were announced")
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self) -> int:
        first = self.take(1)[0]
        rest = self.take((1 << (first >> 6)) - 1)
        return int.from_bytes(bytes([first & 0x3F]) + rest, "big")

    def part(self) -> bytes:
        return self.take(self.number())

    def part_or_end(self) -> bytes:
        return self.part() if self.left() else b""


def parse_request(data: bytes) -> Request:
    """Raises `BinaryHttpRefused`."""
    reader = _Reader(data)
    framing = reader.number()
    if framing != KNOWN_LENGTH_REQUEST:
        raise BinaryHttpRefused(f"framing: got {framing}, want {KNOWN_LENGTH_REQUEST} (known-length request)")
    method, _scheme, _authority, path = (reader.part() for _ in range(4))
    headers = _fields(reader.part_or_end())
    content = reader.part_or_end()
    _fields(reader.part_or_end())
    if any(reader.take(reader.left())):
        raise BinaryHttpRefused("padding: want zeros")
    return Request(method, path, headers, content)


def _fields(data: bytes) -> tuple[tuple[bytes, bytes], ...]:
    reader, found = _Reader(data), []
    while reader.left():
        name, value = reader.part(), reader.part()
        if not name or name != name.lower():
            raise BinaryHttpRefused("field name: want lower case, at least one byte")
        found.append((name, value))
    return tuple(found)


def request_bytes(request: Request, authority: bytes = b"relay") -> bytes:
    """Inverse of `parse_request`; the scheme is https."""
    fields = b"".join(_part(name) + _part(value) for name, value in request.headers)
    parts = (request.method, b"https", authority, request.path, fields, request.content, b"")
    return varint(KNOWN_LENGTH_REQUEST) + b"".join(map(_part, parts))


def response_bytes(status: int, headers: Sequence[tuple[bytes, bytes]], content: bytes) -> bytes:
    """A response without informational ones before it."""
    fields = b"".join(_part(name) + _part(value) for name, value in headers)
    return varint(KNOWN_LENGTH_RESPONSE) + varint(status) + b"".join(map(_part, (fields, content, b"")))


def _part(data: bytes) -> bytes:
    return varint(len(data)) + data
