"""56-byte bodies: RFC 9180 vectors, interoperation with HPKE written out by hand, and what must not open."""

from __future__ import annotations

import pytest
from hpke_by_hand import open_with, seal_with

from contracts import BODY_BYTES, Bucket, unpack_plaintext
from privacy.errors import SealingError
from privacy.sealing import generate_keypair, open_sealed, seal, x25519_public
from privacy.vectors import load_cases

INFO = Bucket("ab" * 32, 1, 7, 1).info()


def test_rfc_9180_appendix_a_1_1() -> None:
    """DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, sequence number 0."""
    info = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
    ephemeral = bytes.fromhex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736")
    recipient = bytes.fromhex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8")
    public = bytes.fromhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d")
    enc = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
    sealed = "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    assert x25519_public(recipient) == public
    body = seal_with(ephemeral, b"Beauty is truth, truth beauty", public, info, aad=b"Count-0")
    assert body.hex() == enc + sealed
    assert open_with(recipient, body, info, aad=b"Count-0") == b"Beauty is truth, truth beauty"


def test_ours_opens_by_hand_and_theirs_by_ours() -> None:
    private, public = generate_keypair()
    body = seal(b"8 bytes.", public, INFO)
    assert len(body) == BODY_BYTES
    assert open_with(private, body, INFO) == b"8 bytes."
    ephemeral, enc = generate_keypair()
    theirs = seal_with(ephemeral, b"8 bytes.", public, INFO)
    assert theirs[:32] == enc
    assert open_sealed(theirs, private, INFO) == b"8 bytes."


def test_each_sealing_is_fresh() -> None:
    _, public = generate_keypair()
    assert seal(b"8 bytes.", public, INFO)[:32] != seal(b"8 bytes.", public, INFO)[:32]


def test_seal_vectors() -> None:
    cases = load_cases("seal")
    for case in cases:
        bucket = Bucket(case["release"], case["collection"], case["epoch"], case["key_id"])
        assert bucket.path() == case["path"]
        assert Bucket.from_path(case["path"]) == bucket
        assert bucket.info().hex() == case["info_hex"]
        opened = open_sealed(bytes.fromhex(case["body_hex"]), bytes.fromhex(case["private_key_hex"]), bucket.info())
        assert opened.hex() == case["plaintext_hex"]
        assert unpack_plaintext(opened) == (case["collection"], case["message"])
    assert len(cases) >= 3


@pytest.mark.parametrize("case", load_cases("bad_seal"), ids=lambda case: str(case["why"]))
def test_bad_seal_vectors(case: dict[str, str]) -> None:
    private, info = bytes.fromhex(case["private_key_hex"]), bytes.fromhex(case["info_hex"])
    with pytest.raises(SealingError, match="report body"):
        open_sealed(bytes.fromhex(case["body_hex"]), private, info)


def test_a_point_of_low_order_does_not_open() -> None:
    private, _ = generate_keypair()
    with pytest.raises(SealingError):
        open_sealed(bytes(BODY_BYTES), private, INFO)


def test_an_error_says_nothing_of_body_or_key() -> None:
    private, public = generate_keypair()
    body = seal(b"8 bytes.", public, INFO)
    with pytest.raises(SealingError) as caught:
        open_sealed(body, private, INFO[:-1] + b"\0")
    assert not any(secret.hex()[:8] in str(caught.value) for secret in (body, private))
