"""Every decoder that reads what others send: any bytes are read, or refused by the decoder's own error; never anything else.

A few hundred inputs each in the suite; `python3 noxfile.py -s fuzz` gives 10^6 in all (INTENTLY_FUZZ inputs for each decoder).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.analyzer.folds import BucketRules, fold_batch, merge
from aggregator.relay.bhttp import BinaryHttpRefused, Request, parse_request, request_bytes
from aggregator.relay.ohttp import EncapsulationRefused, Gateway
from contracts import BODY_BYTES, Batch, Bucket, Configuration, ContractError, Envelope, LedgerEntry, Manifest, Receipt
from contracts.report import pack_plaintext, unpack_plaintext
from privacy import SealingError
from privacy.sealing import Opener

INPUTS = int(os.environ.get("INTENTLY_FUZZ", "60"))
BUCKET = Bucket("ab" * 32, 1, 5, 1)
BATCH = Batch(BUCKET, 3, 0, (bytes(56), b"1" * 56, b"2" * 56)).to_bytes()
INSIDE = request_bytes(Request(b"POST", BUCKET.path().encode(), ((b"content-type", b"text/plain"),), bytes(56)))
GATEWAY, OPENER = Gateway(b"\x11" * 32), Opener(b"\x22" * 32)
RULES = BucketRules(1, 1000, 1)


def read_path(data: bytes) -> None:
    path = data.decode("utf-8", "replace")
    assert Bucket.from_path(path).path() == path


def read_batch(data: bytes) -> None:
    assert Batch.from_bytes(data).to_bytes() == data


def read_plaintext(data: bytes) -> None:
    assert pack_plaintext(*unpack_plaintext(data)) == data


def read_rows(data: bytes) -> None:
    """Plaintexts of any length, cut by the input itself."""
    cut = 1 + data[0] % 16 if data else 8
    texts = [data[at : at + cut] for at in range(0, len(data), cut)]
    rows = fold_batch([bytes([at % 256]) * BODY_BYTES for at in range(len(texts))], texts, RULES)
    assert len(merge(rows).messages) <= len(texts)


DECODERS: dict[str, tuple[Callable[[bytes], Any], type[Exception], bytes]] = {
    "report path": (read_path, ContractError, BUCKET.path().encode()),
    "batch": (read_batch, ContractError, BATCH),
    "plaintext": (read_plaintext, ContractError, pack_plaintext(1, 7)),
    "rows": (read_rows, ContractError, pack_plaintext(1, 7) * 3),
    "binary HTTP": (parse_request, BinaryHttpRefused, INSIDE),
    "oblivious HTTP": (GATEWAY.open, EncapsulationRefused, b"\1\0\x20\0\1\0\1" + bytes(90)),
    "sealed report": (lambda data: OPENER.open(data, BUCKET.info()), SealingError, bytes(56)),
    "configuration": (Configuration.from_bytes, ContractError, b'{"version":1,"shop":"a","demo":true,"epoch_s":10}'),
    "envelope": (Envelope.from_bytes, ContractError, b'{"payloadType":"a","payload":"e30=","signatures":[]}'),
    "manifest": (Manifest.from_bytes, ContractError, b'{"type":"manifest","version":1}'),
    "receipt": (Receipt.from_bytes, ContractError, b'{"type":"receipt","shop":"a"}'),
    "ledger entry": (LedgerEntry.from_bytes, ContractError, b'{"type":"ledger-entry","index":0}'),
}


def near(valid: bytes) -> st.SearchStrategy[bytes]:
    """A valid input with a piece replaced: what is wrong lies deep inside."""
    return st.builds(
        lambda at, piece, length: valid[:at] + piece + valid[at + length :],
        st.integers(0, len(valid)), st.binary(max_size=12), st.integers(0, 12),
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(DECODERS))
@pytest.mark.timeout(0)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    decode, refusal, valid = DECODERS[name]

    @given(st.one_of(st.binary(max_size=300), near(valid)))
    @settings(max_examples=INPUTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def fuzz(data: bytes) -> None:
        with contextlib.suppress(refusal):
            decode(data)

    fuzz()


def test_a_planted_decoder_that_fails_otherwise_is_found() -> None:
    def decode(data: bytes) -> None:
        data[60]  # an IndexError, where a refusal is due

    @given(near(BATCH[:70]))
    @settings(max_examples=500, deadline=None, database=None)
    def fuzz(data: bytes) -> None:
        with contextlib.suppress(ContractError):
            decode(data)

    with pytest.raises(IndexError):
        fuzz()
