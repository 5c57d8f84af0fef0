"""The issuer's route: who gets a token, what is refused, and that its settings must agree with the configuration."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from loop_parts import configuration, write_configuration

from aggregator.errors import SettingsRefused
from aggregator.issuer.__main__ import create_app
from aggregator.issuer.app import REQUEST_TYPE, TOKENS_PATH, issuer_app
from aggregator.issuer.settings import IssuerSettings
from contracts import IntentlyError, TokenTerms
from privacy.errors import KeyFileRefused
from privacy.token_issuer import Issuer, generate_issuer_key
from privacy.token_keys import read_token_key, write_token_key
from privacy.tokens import challenge, finalize, request_token, verify_token

PRIVATE = generate_issuer_key()
ASKED = challenge("issuer.example", "ab" * 32, 5)
HEADERS = {"Content-Type": REQUEST_TYPE}


def client(**more: object) -> TestClient:
    app = issuer_app(Issuer(PRIVATE), 10, lambda request: request.cookies.get("account", ""), clock=lambda: 50.0, **more)  # type: ignore[arg-type]
    return TestClient(app, cookies={"account": "shopper-1"})


def test_a_signed_in_account_gets_one_token_an_epoch_and_a_resend_the_same() -> None:
    (request, pending), (other, _) = (request_token(Issuer(PRIVATE).key, ASKED) for _ in range(2))
    asks = client()
    answer = asks.post(TOKENS_PATH, content=request, headers=HEADERS)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert len(verify_token(finalize(answer.content, pending), Issuer(PRIVATE).key, ASKED)) == 32
    assert asks.post(TOKENS_PATH, content=request, headers=HEADERS).content == answer.content
    refused = asks.post(TOKENS_PATH, content=other, headers=HEADERS)
    assert (refused.status_code, "had its 1" in refused.text) == (403, True)
    assert "shopper" not in refused.text


def test_what_is_refused() -> None:
    asks, request = client(), request_token(Issuer(PRIVATE).key, ASKED)[0]
    assert asks.post(TOKENS_PATH, content=request, headers={"Content-Type": "text/plain"}).status_code == 415
    for wrong in (request[:-1], request + b"\0", b""):
        assert asks.post(TOKENS_PATH, content=wrong, headers=HEADERS).status_code == 400
    assert asks.post(TOKENS_PATH, content=b"\0" * 259, headers=HEADERS).status_code == 403
    asks.cookies.clear()
    assert asks.post(TOKENS_PATH, content=request, headers=HEADERS).status_code == 401
    assert asks.get(TOKENS_PATH).status_code == 405


def test_only_the_shops_pages_may_ask_from_another_origin() -> None:
    asks = client(origins=("https://shop.example",))
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = asks.options(TOKENS_PATH, headers={"Origin": "https://shop.example", **ask})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert (
        "access-control-allow-origin" not in asks.options(TOKENS_PATH, headers={"Origin": "https://other.example", **ask}).headers
    )


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_the_process_takes_a_key_file_and_the_proxys_header(tmp_path: Path, passphrase: bytes | None) -> None:
    private, public = tmp_path / "token.pem", tmp_path / "token-public.pem"
    write_token_key(private, public, PRIVATE, passphrase)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert read_token_key(private, passphrase).private_numbers() == PRIVATE.private_numbers()
    with pytest.raises(FileExistsError):
        write_token_key(private, public, PRIVATE, passphrase)
    if passphrase is not None:
        for wrong in (None, b"wrong"):
            with pytest.raises(KeyFileRefused, match="does not open"):
                read_token_key(private, wrong)
        return
    terms = TokenTerms(issuer="issuer.example", key=f"{Issuer(PRIVATE).key.n:x}")
    file, _ = write_configuration(tmp_path, configuration().model_copy(update={"tokens": terms}))
    settings = IssuerSettings(key=str(private), configuration=str(file))
    with TestClient(create_app(settings)) as asks:
        request, _ = request_token(Issuer(PRIVATE).key, ASKED)
        assert asks.post(TOKENS_PATH, content=request, headers=HEADERS).status_code == 401
        assert asks.post(TOKENS_PATH, content=request, headers={**HEADERS, "X-Intently-Account": "a"}).status_code == 200


def test_an_issuer_that_the_configuration_does_not_name_does_not_start(tmp_path: Path) -> None:
    write_token_key(tmp_path / "token.pem", tmp_path / "public.pem", PRIVATE, None)
    file, _ = write_configuration(tmp_path, configuration())
    with pytest.raises(SettingsRefused, match="asks for no tokens"):
        create_app(IssuerSettings(key=str(tmp_path / "token.pem"), configuration=str(file)))
    with pytest.raises(ValueError, match="loopback"):
        IssuerSettings(key="k", configuration="c", host="0.0.0.0")
    (tmp_path / "broken.pem").write_text("hello")
    for bad in ("broken.pem", "none.pem"):
        with pytest.raises(IntentlyError, match=bad):
            read_token_key(tmp_path / bad, None)
