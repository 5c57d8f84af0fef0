"""`intently keys token`, what `release create --token-key` tells browsers, and the issuer's section of a settings file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.issuer.settings import IssuerSettings
from aggregator.pools import PoolRules
from aggregator.settings import load_settings
from contracts import FileRef, HpkeKey, IntentlyError, Release, TokenTerms, sha256_hex
from intently.commands.keys import token
from intently.commands.release import token_terms
from intently.configuration import configuration
from intently.embedded import Addresses, settings_of
from intently.workspace import Workspace
from privacy.token_issuer import generate_issuer_key
from privacy.token_keys import read_token_key, write_token_key
from privacy.tokens import IssuerKey


def test_a_token_key_is_made_once_and_told_to_browsers(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "intently", "keys", "token", "--folder", str(tmp_path), "--json"]
    made = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stderr
    found = json.loads(made.stdout)
    public = Path(found["public"])
    key = IssuerKey.from_bytes(public.read_bytes())
    assert found["key_id"] == key.key_id.hex()
    assert read_token_key(tmp_path / "token.pem", None).public_key().public_numbers().n == key.n
    with pytest.raises(IntentlyError, match="never replaced"):
        token(tmp_path)
    terms = token_terms(public, "issuer.shop.example", "https://shop.example")
    assert terms is not None
    assert (int(terms.key, 16), terms.issuer, terms.url) == (key.n, "issuer.shop.example", "https://shop.example")
    settings = tmp_path / "intently.yaml"
    settings.write_text(f"issuer:\n  key: {tmp_path / 'token.pem'}\n  configuration: c.json\n  port: 8094\n")
    assert load_settings(IssuerSettings, settings).port == 8094


def test_terms_that_no_bundle_takes_are_refused(tmp_path: Path) -> None:
    assert token_terms(None, "", "") is None
    with pytest.raises(IntentlyError, match="intently keys token"):
        token_terms(tmp_path / "none.pem", "a", "")
    public = tmp_path / "token-public.pem"
    write_token_key(tmp_path / "token.pem", public, generate_issuer_key(), None)
    for issuer, url, words in (("An Issuer", "", "--token-issuer"), ("a", "https://a/b", "--token-url")):
        with pytest.raises(IntentlyError, match=words):
            token_terms(public, issuer, url)


def test_the_embedded_relay_takes_the_tokens_that_browsers_are_told_of(tmp_path: Path) -> None:
    space, addresses = Workspace(tmp_path), Addresses(8091, 8080)
    (space.public / "files").mkdir(parents=True)
    for terms in (None, TokenTerms(issuer="issuer.example", key="8" + "0" * 510 + "1")):
        told = configuration("example", 600, 4, addresses.relay, tokens=terms).to_bytes()
        name = f"files/{sha256_hex(told)}.json"
        (space.public / name).write_bytes(told)
        key = HpkeKey(key_id=1, public_key="00" * 32, state="active")
        reference = FileRef(path=name, sha256=sha256_hex(told), bytes=len(told))
        release = Release.model_construct(configuration=reference, hpke_keys=(key,))
        relay, _, _ = settings_of(space, addresses, release, PoolRules(), 1.0)
        want = ((), "") if terms is None else ((str(space.keys / "token-public.pem"),), "issuer.example")
        assert (relay.token_keys, relay.token_issuer) == want
