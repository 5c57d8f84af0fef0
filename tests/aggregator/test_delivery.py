"""Delivery: headers, types, encodings, and nothing outside its folders."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest
from fastapi.testclient import TestClient

from aggregator.delivery.app import create_app
from aggregator.delivery.headers import accepted_encoding
from aggregator.delivery.settings import DeliverySettings
from aggregator.errors import SettingsRefused
from aggregator.files import compress_folder, put_file
from contracts import sha256_hex

PAGE = b"<!doctype html><title>shop</title>"
SCRIPT = b"export const x = 1;\n" * 100


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    for name in ("public", "bundle", "shop"):
        (tmp_path / name).mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public" / "manifest.json").write_bytes(b"{}")
    (tmp_path / "public" / "ledger.jsonl").write_bytes(b"")
    (tmp_path / "public" / ".hidden").write_bytes(b"hidden")
    (tmp_path / "bundle" / "intently-worker.js").write_bytes(SCRIPT)
    (tmp_path / "bundle" / "ort.wasm").write_bytes(b"\0asm" * 500)
    (tmp_path / "shop" / "index.html").write_bytes(PAGE)
    (tmp_path / "shop" / "app.js").write_bytes(SCRIPT)
    compress_folder(tmp_path / "bundle")
    folders = {name: str(tmp_path / name) for name in ("public", "bundle", "shop")}
    return TestClient(create_app(DeliverySettings(**folders, relay_origin="http://127.0.0.1:9")))  # type: ignore[arg-type]


def test_manifest_is_revalidated_by_its_hash(client: TestClient) -> None:
    first = client.get("/intently/manifest.json")
    assert first.headers["etag"] == f'"{sha256_hex(b"{}")}"'
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/intently/manifest.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/intently/manifest.json", headers={"if-none-match": '"other"'}).status_code == 200


def test_files_are_immutable_and_precompressed(client: TestClient, tmp_path: Path) -> None:
    data = b'{"a": 1}' * 1000
    reference = put_file(tmp_path / "public", data, ".json")
    assert put_file(tmp_path / "public", data, ".json") == reference
    for encoding in ("br", "gzip", ""):
        answer = client.get(f"/intently/{reference.path}", headers={"accept-encoding": encoding})
        assert answer.headers.get("content-encoding", "") == encoding
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.content == data
    stored = tmp_path / "public" / reference.path
    assert brotli.decompress(Path(f"{stored}.br").read_bytes()) == gzip.decompress(Path(f"{stored}.gz").read_bytes()) == data


def test_page_has_a_strict_policy_and_the_worker_none(client: TestClient) -> None:
    for path in ("/", "/item/7", "/index.html"):
        page = client.get(path)
        assert page.content == PAGE
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "connect-src 'self' http://127.0.0.1:9;" in policy
        assert "unsafe-eval" not in policy
    worker = client.get("/intently/intently-worker.js")
    assert "content-security-policy" not in worker.headers
    assert worker.headers["content-type"].startswith("text/javascript")
    assert client.get("/intently/ort.wasm").headers["content-type"] == "application/wasm"
    for path in ("/", "/intently/intently-worker.js", "/intently/none.js"):
        assert client.get(path).headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in client.get(path).headers


@pytest.mark.parametrize(
    "path",
    ["/intently/../secret.txt", "/intently/%2e%2e/secret.txt", "/intently/.hidden", "/intently//etc/passwd", "/intently/files",
     "/intently/..%5csecret.txt", "/missing.js", "/%2e%2e/secret.txt", "/intently/a%00b"],
)  # fmt: skip
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


def test_a_link_out_of_the_folder_is_not_followed(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "public" / "out.txt").symlink_to(tmp_path / "secret.txt")
    assert client.get("/intently/out.txt").status_code == 404


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="does not exist"):
        create_app(DeliverySettings(public=str(tmp_path / "none")))


@pytest.mark.parametrize(
    ("header", "want"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("", ""),
        ("*", "br"),
        ("identity", ""),
        ("br;q=0.5", "br"),
    ],
)
def test_encoding(header: str, want: str) -> None:
    assert accepted_encoding(header) == want
