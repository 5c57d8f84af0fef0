"""The folder that build_console makes: whole or not at all, the same again, and nothing from another origin."""

from __future__ import annotations

import re
import subprocess
import urllib.request
from pathlib import Path
from threading import Thread

import pytest

from intently.console import ConsoleError, PageToolMissing, build_console, console_server
from intently.console.page_files import PAGE, node_modules
from intently.console.serve import POLICY


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("console") / "console"
    build_console(folder)
    return folder


def test_build_again_gives_the_same_bytes(console: Path, tmp_path: Path) -> None:
    build_console(tmp_path / "again")
    assert (tmp_path / "again" / "SHA256SUMS").read_bytes() == (console / "SHA256SUMS").read_bytes()


def test_sums_hold_and_name_every_file(console: Path) -> None:
    named = {line.split("  ")[1] for line in (console / "SHA256SUMS").read_text().splitlines()}
    assert named == {file.relative_to(console).as_posix() for file in console.rglob("*") if file.is_file()} - {
        "SHA256SUMS",
        "console.json",
    }
    assert subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=console, capture_output=True).returncode == 0


def test_pyodide_is_npms_byte_for_byte(console: Path) -> None:
    for file in (console / "pyodide").iterdir():
        assert file.read_bytes() == (node_modules(None) / "pyodide" / file.name).read_bytes()


def test_our_files_name_no_other_origin(console: Path) -> None:
    for name in ("index.html", "style.css", "main.js", "worker.js"):
        assert not re.search(r"https?://|//[a-z]+\.[a-z]", (console / name).read_text()), name


def test_page_and_server_state_the_same_policy() -> None:
    stated = re.search(r'Content-Security-Policy" content="([^"]*)"', (PAGE / "index.html").read_text())
    assert stated is not None
    assert stated[1] + "; frame-ancestors 'none'" == POLICY
    assert "unsafe-eval" not in stated[1].replace("'wasm-unsafe-eval'", "")
    assert "unsafe-inline" not in stated[1]


def test_server_sends_types_and_policy(console: Path) -> None:
    with console_server(console) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for path, kind in (("main.js", "text/javascript"), ("pyodide/pyodide.asm.wasm", "application/wasm")):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{path}") as answer:
                assert answer.headers["Content-Type"] == kind
                assert answer.headers["Content-Security-Policy"] == POLICY
        server.shutdown()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"release_key": "AB"}, "64 lower-case hexadecimal digits"),
        ({"public_url": "https://elsewhere.example/"}, "path of the same origin"),
        ({"public_url": "public"}, "ends in '/'"),
        ({"public_dir": Path("/nonexistent")}, "holds no manifest.json"),
        ({"modules": Path("/nonexistent")}, "npm ci"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_left(tmp_path: Path, change: dict[str, object], words: str) -> None:
    with pytest.raises(ConsoleError, match=words):
        build_console(tmp_path / "out", **change)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_console_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConsoleError, match="is not a console"):
        build_console(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_an_esbuild_that_fails_leaves_the_older_console(console: Path, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    (modules / ".bin").mkdir(parents=True)
    (modules / "pyodide").symlink_to(node_modules(None) / "pyodide")
    (modules / ".bin" / "esbuild").write_text("#!/bin/sh\necho 'no such loader' >&2\nexit 1\n")
    (modules / ".bin" / "esbuild").chmod(0o755)
    before = (console / "SHA256SUMS").stat()
    with pytest.raises(PageToolMissing, match="no such loader"):
        build_console(console, modules=modules)
    assert (console / "SHA256SUMS").stat() == before
    assert [path.name for path in console.parent.iterdir()] == [console.name]
