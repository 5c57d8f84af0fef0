"""Commands and links of the documents hold."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "browser_runtime/README.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    for target in targets:
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def commands(text: str) -> list[list[str]]:
    """`intently ...` commands in code of a page, their words up to the first argument."""
    found = re.findall(r"^\s+intently ((?:[a-z]+ ?)+)", text, flags=re.MULTILINE)
    return [words.split() for words in found]


def test_commands_of_the_readme_exist() -> None:
    named = commands((ROOT / "README.md").read_text())
    assert len(named) >= 3
    for words in named:
        shown = subprocess.run([sys.executable, "-m", "intently", *words, "--help"], capture_output=True, text=True)
        assert shown.returncode == 0, (words, shown.stderr)


def test_sessions_that_the_pages_name_exist() -> None:
    sessions = set(re.findall(r"^def ([a-z]+)\(session", (ROOT / "noxfile.py").read_text(), flags=re.MULTILINE))
    for page in PAGES:
        for name in re.findall(r"noxfile\.py -s ([a-z]+)", page.read_text()):
            assert name in sessions, f"{page.name} names the session {name}"


def test_the_readme_names_the_two_commands_and_no_third_session() -> None:
    text = (ROOT / "README.md").read_text()
    assert set(re.findall(r"noxfile\.py -s ([a-z]+)", text)) == {"demo", "tests"}


def test_figures_of_the_readme_are_those_of_the_benchmark() -> None:
    import json

    figures = json.loads((ROOT / "benchmarks" / "results" / "browser.json").read_text())
    kernel, onnx, server = (figures[name] for name in ("kernel", "onnxruntime_web", "server_strip"))
    text = (ROOT / "README.md").read_text()
    said = re.search(r"scores 43,000 items in \*\*([\d.]+) ms\*\*", text)
    assert said is not None
    assert abs(float(said[1]) - kernel["score_all_p50_ms"]) <= 0.005 + 1e-9
    assert f"takes {onnx['score_all_p50_ms']:.1f} ms for the same model" in text
    shown = [each["click_to_paint_p95_ms"] for each in (kernel, onnx, server)]
    assert f"(an empty worker echo: {figures['echo_to_paint_p95_ms']:.1f} ms)" in text
    assert f"| {shown[0]:.1f} ms | {shown[1]:.0f} ms | {shown[2]:.0f} ms, before any network |" in text
    sizes = [each["first_recommendation_bytes"] / 1e6 for each in (kernel, onnx)]
    assert f"| {sizes[0]:.2f} MB | {sizes[1]:.1f} MB |" in text
    kernel_bytes = len(brotli.compress((ROOT / "browser_runtime" / "kernel" / "intently-kernel.wasm").read_bytes()))
    assert f"its kernel of {kernel_bytes / 1e3:.1f} kB scores" in text
    for words, key in (("first visit", "cold_p50_ms"), ("later visit", "warm_p50_ms")):
        starts = " | ".join(f"{each[key]:.0f} ms" for each in (kernel, onnx, server))
        assert re.search(rf"start of a {words} [^|]*\| {re.escape(starts)} \|", text), key


def test_schema_and_types_are_those_of_the_records() -> None:
    from contracts.export import SCHEMA_PATH, schema_text

    assert SCHEMA_PATH.read_text() == schema_text()
    done = subprocess.run(["node", "contracts/build-types.mjs", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
