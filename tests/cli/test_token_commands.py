"""`intently keys token`, what `release create --token-key` tells browsers, and the issuer's section of a settings file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aggregator.issuer.settings import IssuerSettings
from aggregator.settings import load_settings
from contracts import IntentlyError
from intently.commands.keys import token
from intently.commands.release import token_terms
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
