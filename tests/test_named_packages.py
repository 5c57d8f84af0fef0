"""Each of the seven packages fixed for this project has a real role: shipped code uses it, not tests alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("edge_model", "browser_runtime", "aggregator", "privacy", "intently")


def modules_importing(name: str) -> set[str]:
    """Shipped modules that import package `name`."""
    found = set()
    for folder in SHIPPED:
        for file in (ROOT / folder).rglob("*.py"):
            if "node_modules" in file.parts:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                names = (
                    [alias.name for alias in node.names] if isinstance(node, ast.Import)
                    else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                )  # fmt: skip
                if any(part == name or part.startswith(name + ".") for part in names):
                    found.add(file.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize(
    ("package", "folder"),
    [
        ("onnx", "edge_model/"),
        ("onnxruntime", "edge_model/"),
        ("fastapi", "aggregator/"),
        ("faust", "aggregator/"),
        ("opendp", "privacy/"),
        ("cryptography", "privacy/"),
    ],
)
def test_package_is_imported_by_shipped_code(package: str, folder: str) -> None:
    users = modules_importing(package)
    assert any(user.startswith(folder) for user in users), users


def test_pyodide_build_makes_the_consoles_lockfile() -> None:
    """It is a program of its own environment, so it is called, not imported."""
    sources = "\n".join(file.read_text() for file in (ROOT / "intently" / "console").rglob("*.py"))
    assert "pyodide-build" in sources
    assert "add-wheels" in sources


def test_a_package_that_nobody_uses_is_seen() -> None:
    assert modules_importing("tensorflow") == set()
