"""The wheel that runs in the auditor's browser: `privacy.accounting` as it stands, and the console's few lines around it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from intently import __version__
from intently.console.errors import ConsoleError
from intently.console.wheel import make_wheel, wheel_name

NAME = "intently-accounting"
PRIVACY = Path(__file__).resolve().parents[2] / "privacy"
INSIDE = Path(__file__).with_name("inside")
PRIVACY_INIT = b'"""Only `privacy.accounting` is in this wheel: the rest of `privacy` needs packages that a browser lacks."""\n'


def sources(accounting: Path = PRIVACY / "accounting", inside: Path = INSIDE) -> dict[str, bytes]:
    """What the wheel holds, by path. Raises `ConsoleError` where it imports what a browser lacks."""
    found = {"privacy/__init__.py": PRIVACY_INIT}
    found |= {f"privacy/accounting/{f.relative_to(accounting).as_posix()}": f.read_bytes() for f in accounting.rglob("*.py")}
    found |= {f"intently_console/{file.name}": file.read_bytes() for file in inside.glob("*.py")}
    for path, source in found.items():
        for module in sorted(imports_of(source) - set(sys.stdlib_module_names) - {"privacy.accounting", "intently_console"}):
            raise ConsoleError(
                f"{path} imports {module}, which the auditor's browser does not have; use the standard library alone"
            )
    return found


def imports_of(source: bytes) -> set[str]:
    """What a module imports: top-level packages, of `privacy` also the part."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found |= {f"privacy.{a.name}" for a in node.names} if node.module == "privacy" else {node.module}
    return {".".join(name.split(".")[: 2 if name.startswith("privacy.") else 1]) for name in found}


def accountant_wheel(version: str = __version__) -> tuple[str, bytes]:
    """(file name, bytes) of the wheel."""
    return wheel_name(NAME, version), make_wheel(
        NAME, version, "Intently's privacy accountant, for the auditor's browser", sources()
    )
