"""Before the relay's store: with tokens each is spent once, also across a restart; without them a prefix has its quota."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from fastapi.testclient import TestClient
from loop_parts import configuration, relay_settings, write_configuration
from relay_parts import EPOCH, Clock, app_of, path_of

from aggregator.errors import AggregatorError
from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from contracts import TokenTerms
from privacy.token_issuer import Issuer, generate_issuer_key
from privacy.tokens import challenge, finalize, request_token

PLAIN = {"Content-Type": "text/plain"}
PRIVATE = generate_issuer_key()
TERMS = TokenTerms(issuer="issuer.example", key=f"{Issuer(PRIVATE).key.n:x}")


def token(release: str, account: str, epoch: int = EPOCH, issuer: Issuer | None = None) -> bytes:
    giver = issuer or Issuer(PRIVATE)
    request, pending = request_token(giver.key, challenge("issuer.example", release, epoch))
    return finalize(giver.issue(account, epoch, request), pending)


@pytest.fixture
def gated(tmp_path: Path) -> tuple[tuple[Path, str], dict[str, object]]:
    shop = write_configuration(tmp_path, configuration(minimum_batch=5).model_copy(update={"tokens": TERMS}))
    pem = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "issuer.pem").write_bytes(pem)
    return shop, {"token_keys": [str(tmp_path / "issuer.pem")], "token_issuer": "issuer.example"}


def test_each_token_is_spent_once_also_across_a_restart(
    tmp_path: Path, gated: tuple[tuple[Path, str], dict[str, object]]
) -> None:
    shop, words = gated
    given, first, second = token(shop[1], "a"), secrets.token_bytes(56), secrets.token_bytes(56)

    def post(client: TestClient, body: bytes) -> int:
        return client.post(path_of(shop[1]), content=body, headers=PLAIN).status_code

    with app_of(tmp_path, shop, Clock(), **words) as client:
        assert post(client, first + given) == 202
        assert post(client, first + given) == 202, "the identical bytes again are a resend"
        assert post(client, second + given) == 403
        assert post(client, first) == 400, "one length a deployment"
    with app_of(tmp_path, shop, Clock(), **words) as client:
        assert post(client, second + given) == 403, "spent stays spent"
        assert post(client, second + token(shop[1], "b")) == 202


def test_tokens_of_another_epoch_or_issuer_are_refused(tmp_path: Path, gated: tuple[tuple[Path, str], dict[str, object]]) -> None:
    shop, words = gated
    with app_of(tmp_path, shop, Clock(), **words) as client:
        for wrong in (
            token(shop[1], "a", EPOCH - 1),
            token("cd" * 32, "a"),
            token(shop[1], "a", issuer=Issuer(generate_issuer_key())),
            bytes(354),
        ):
            answer = client.post(path_of(shop[1]), content=secrets.token_bytes(56) + wrong, headers=PLAIN)
            assert answer.status_code == 403
            assert "token" in answer.text


def test_a_prefix_has_its_quota(tmp_path: Path) -> None:
    shop = write_configuration(tmp_path, configuration(minimum_batch=5))
    settings = RelaySettings.model_validate(relay_settings(tmp_path, shop[0], quota_per_prefix=2))
    with TestClient(create_app(settings, Clock()), client=("198.51.100.7", 1)) as client:
        found = [client.post(path_of(shop[1]), content=secrets.token_bytes(56), headers=PLAIN) for _ in range(3)]
    assert [answer.status_code for answer in found] == [202, 202, 429]
    assert "retry-after" in found[-1].headers


def test_a_key_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    shop = write_configuration(tmp_path, configuration(minimum_batch=5))
    with pytest.raises(AggregatorError, match="token_keys"):
        create_app(
            RelaySettings.model_validate(relay_settings(tmp_path, shop[0], token_keys=[str(tmp_path / "none.pem")])), Clock()
        )


@pytest.mark.parametrize(
    ("told", "words", "match"),
    [
        (None, {}, "asks browsers for no tokens"),
        (TERMS, {"token_keys": []}, "does not hold"),
        (TERMS, {"token_issuer": "another.example"}, "another.example"),
    ],
)
def test_a_relay_and_a_configuration_that_differ_in_tokens_are_refused(
    tmp_path: Path,
    gated: tuple[tuple[Path, str], dict[str, object]],
    told: TokenTerms | None,
    words: dict[str, object],
    match: str,
) -> None:
    shop = write_configuration(tmp_path, configuration(minimum_batch=5).model_copy(update={"tokens": told}))
    with pytest.raises(AggregatorError, match=match):
        create_app(RelaySettings.model_validate(relay_settings(tmp_path, shop[0], **{**gated[1], **words})), Clock())
