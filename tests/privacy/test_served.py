"""A live site against the reproducible build: alike for every stranger, and each planted difference is named."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from shop_files import RELEASE_KEY, Shop
from small_server import serving

from browser_runtime.bundle import BUNDLE_JSON, BundleFile, BundleRecord
from contracts import IntentlyError, sha256_hex
from intently.auditing.served import audit_served

Change = Callable[[str, dict[str, str], bytes], bytes]
CODE = {"intently.js": b"export const a = 1;\n", "intently-reports.js": b"export const b = 2;\n"}


def as_it_is(path: str, headers: dict[str, str], body: bytes) -> bytes:
    return body


def site(bundle: Path, public: Path, change: Change = as_it_is) -> contextlib.AbstractContextManager[str]:
    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        name = path.removeprefix("/intently/")
        file = next((folder / name for folder in (bundle, public) if (folder / name).is_file()), None)
        return (404, b"") if file is None else (200, change(name, headers, file.read_bytes()))

    return serving(answer)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("served")
    bundle, public = root / "bundle", root / "public"
    bundle.mkdir()
    files = {}
    for name, data in CODE.items():
        (bundle / name).write_bytes(data)
        files[name] = BundleFile(sha256=sha256_hex(data), integrity="", bytes=len(data), brotli_bytes=len(data))
    record = BundleRecord(version="0", shop="example", demo=False, release_key=RELEASE_KEY, feature_spec_version=1, files=files)
    (bundle / BUNDLE_JSON).write_bytes(record.to_bytes())
    Shop(public, epochs=1)
    return bundle, public


def wrong(shop: tuple[Path, Path], change: Change = as_it_is) -> set[str]:
    with site(*shop, change) as origin:
        return {finding.name for finding in audit_served(origin, shop[0]) if not finding.ok}


def test_a_site_that_serves_the_build_to_everyone_passes(shop: tuple[Path, Path]) -> None:
    assert wrong(shop) == set()


def test_another_script_for_a_phone_is_named(shop: tuple[Path, Path]) -> None:
    def change(path: str, headers: dict[str, str], body: bytes) -> bytes:
        return body + b"//" if path == "intently-reports.js" and "iPhone" in headers.get("User-Agent", "") else body

    assert wrong(shop, change) == {"code, Safari on a phone"}


def test_another_release_for_who_brings_a_cookie_is_named(shop: tuple[Path, Path], tmp_path: Path) -> None:
    Shop(tmp_path / "other", epochs=2)
    theirs = (tmp_path / "other" / "manifest.json").read_bytes()

    def change(path: str, headers: dict[str, str], body: bytes) -> bytes:
        return theirs if path == "manifest.json" and "Cookie" in headers else body

    (shop[1] / "files").mkdir(exist_ok=True)
    for file in (tmp_path / "other" / "files").iterdir():
        (shop[1] / "files" / file.name).write_bytes(file.read_bytes())
    assert wrong(shop, change) <= {"release alike", "configuration alike"}


def test_another_configuration_and_another_signer_are_named(shop: tuple[Path, Path]) -> None:
    def change(path: str, headers: dict[str, str], body: bytes) -> bytes:
        return body.replace(b'"cap_epsilon":32', b'"cap_epsilon":65')

    found = wrong(shop, change)
    assert {"release signature", "limits"} <= found


def test_a_site_that_does_not_answer_is_refused(shop: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(IntentlyError, match="cannot be asked"):
        audit_served("http://127.0.0.1:9", shop[0])
    with site(tmp_path, tmp_path) as origin, pytest.raises(IntentlyError, match="404"):
        audit_served(origin, shop[0])
