"""Keys and releases: files belong together, manifests never go back or name what is missing, secrets stay secret."""

from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

import pytest
from loop_parts import configuration
from release_parts import NOW, files_of, make_shop, model

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.delivery.settings import DeliverySettings
from aggregator.errors import KeyRefused, ReleaseRefused, SettingsRefused
from aggregator.files import get_file
from aggregator.keys import create_keys, read_hpke_keys, read_signing_key
from aggregator.relay.settings import RelaySettings
from aggregator.release import check_files, publish_manifest, read_manifest, read_release
from aggregator.settings import load_settings
from contracts import FileRef, sha256_hex
from privacy import SignatureRefused


def test_keys_are_closed_to_others_and_never_shown(tmp_path: Path) -> None:
    create_keys(tmp_path, (1, 7))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(before) == ["hpke-1.key", "hpke-7.key", "ledger.key", "pool.key", "release.key"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())
    create_keys(tmp_path, (1, 7))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    secret = read_signing_key(tmp_path / "pool.key")
    assert secret.private.hex() not in f"{secret!r} {secret} {read_hpke_keys(tmp_path)}"
    os.chmod(tmp_path / "pool.key", 0o644)
    with pytest.raises(KeyRefused, match="chmod 600"):
        read_signing_key(tmp_path / "pool.key")
    with pytest.raises(KeyRefused, match="missing"):
        read_signing_key(tmp_path / "none.key")


def test_a_model_of_another_feature_spec_or_catalogue_is_one_sentence() -> None:
    good = files_of(configuration())
    check_files(good)
    for changed, says in (
        (model("0" * 64, 197), "the model is for feature spec 000000000000"),
        (model(sha256_hex(good.feature_spec), 5), "the model scores 5 items"),
        (b"not onnx at all", "not an ONNX file"),
    ):
        with pytest.raises(ReleaseRefused, match=says):
            check_files(dataclasses.replace(good, model=changed))
    small = files_of(configuration(items=200), known_items=500)
    with pytest.raises(ReleaseRefused, match="knows 500 items, the catalogue 200"):
        check_files(small)


def test_manifests_go_up_only_and_name_what_exists(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    key = shop.pool_key()
    first = (shop.public / "manifest.json").read_bytes()
    assert publish_manifest(shop.public, key, now_s=NOW).version == 2
    with pytest.raises(ReleaseRefused, match="go back"):
        publish_manifest(shop.public, key, now_s=NOW, version=1)
    missing = FileRef(path=f"files/{'0' * 64}.json", sha256="0" * 64, bytes=1)
    with pytest.raises(ReleaseRefused, match="missing"):
        publish_manifest(shop.public, key, now_s=NOW, pool=missing)
    now = read_manifest(shop.public, key.public)
    assert now is not None
    assert now.version == 2
    assert (shop.public / "manifest.json").read_bytes() != first
    with pytest.raises(SignatureRefused):
        read_manifest(shop.public, read_signing_key(shop.keys / "ledger.key").public)
    assert not [path for path in shop.public.rglob(".*")], "left-over of an atomic write"


def test_a_flipped_byte_of_a_file_is_noticed(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    release = read_release(shop.public, shop.release)
    path = shop.public / release.model.path
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    with pytest.raises(ReleaseRefused, match="does not have the content"):
        get_file(shop.public, release.model)


@pytest.mark.parametrize("kind", [RelaySettings, AnalyzerSettings, DeliverySettings])
def test_settings_refuse_unknown_keys(kind: type, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"prot": 1}')
    with pytest.raises(SettingsRefused, match=r"s\.json"):
        load_settings(kind, tmp_path / "s.json")
    with pytest.raises(SettingsRefused, match="No such file"):
        load_settings(kind, tmp_path / "none.json")
