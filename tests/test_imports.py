"""Layers point one way: who may import whom (the table in the design), read from the sources."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"contracts", "edge_model", "privacy", "aggregator", "tracker", "browser_runtime", "intently", "tests", "benchmarks"}
ALLOWED = {
    "contracts": set(),
    "edge_model": {"contracts"},
    "privacy": {"contracts"},
    "aggregator": {"privacy", "contracts"},
    "browser_runtime": {"contracts"},
    "intently": OURS - {"tests", "benchmarks", "tracker"},
}


def imports_of(source: str) -> set[str]:
    """Top-level packages that a module imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found


def trespasses(package: str, source: str) -> set[str]:
    return (imports_of(source) & OURS) - ALLOWED[package] - {package}


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_package_imports_only_what_the_design_allows(package: str) -> None:
    files = [f for f in (ROOT / package).rglob("*.py") if "node_modules" not in f.parts]
    assert files
    for file in files:
        assert not trespasses(package, file.read_text()), file


def test_a_planted_trespass_is_found() -> None:
    assert trespasses("privacy", "def f():\n    from aggregator.relay import app\n") == {"aggregator"}


def test_accounting_needs_the_standard_library_alone() -> None:
    import sys

    for file in (ROOT / "privacy" / "accounting").rglob("*.py"):
        beyond = imports_of(file.read_text()) - set(sys.stdlib_module_names) - {"privacy"}
        assert not beyond, (file, beyond)
