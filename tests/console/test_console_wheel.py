"""The wheel and its lockfile: the same bytes again, nothing that a browser lacks, and no tool that only seems to work."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from intently.console import ConsoleError, ToolMissing
from intently.console.accountant import accountant_wheel, sources
from intently.console.lock import lock_with_wheel
from intently.console.tool import find_python, stamped, works
from intently.console.wheel import make_wheel

INFO = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.2"}


def test_same_sources_give_the_same_bytes_in_any_order() -> None:
    a = make_wheel("x", "1", "s", {"b.py": b"2", "a.py": b"1"})
    assert a == make_wheel("x", "1", "s", {"a.py": b"1", "b.py": b"2"})
    assert a != make_wheel("x", "1", "s", {"a.py": b"1", "b.py": b"3"})


def test_record_names_every_member_by_its_hash() -> None:
    name, wheel = accountant_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        record = next(member for member in archive.namelist() if member.endswith("/RECORD"))
        lines = dict(line.rsplit(",", 2)[:2] for line in archive.read(record).decode().splitlines())
        assert set(lines) == set(archive.namelist())
        for member, stated in lines.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(archive.read(member)).digest()).rstrip(b"=").decode()
            assert stated == ("" if member == record else f"sha256={digest}"), member
    assert name.endswith("-py3-none-any.whl")


def test_the_accountant_runs_from_the_wheel_alone(tmp_path: Path) -> None:
    _, wheel = accountant_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        archive.extractall(tmp_path)
    code = "import intently_console, privacy.accounting, sys; print(privacy.__file__); assert 'pydantic' not in sys.modules"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) in done.stdout


@pytest.mark.parametrize(
    "line", ["import numpy", "from contracts import Receipt", "from privacy import signing", "import privacy.sealing"]
)
def test_what_a_browser_lacks_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "planted.py").write_text(f"def f():\n    {line}\n")
    with pytest.raises(ConsoleError, match=r"privacy/accounting/planted\.py imports"):
        sources(accounting=tmp_path)


def test_pyodide_build_writes_the_lockfile(tmp_path: Path) -> None:
    python = find_python(print)
    name, wheel = accountant_wheel()
    (tmp_path / name).write_bytes(wheel)
    lock = lock_with_wheel(python, INFO, tmp_path / name)
    assert lock.document["info"] == INFO
    [(key, package)] = lock.document["packages"].items()
    assert (key, package["file_name"], package["install_dir"]) == ("intently-accounting", name, "site")
    assert package["sha256"] == hashlib.sha256(wheel).hexdigest()
    assert sorted(package["imports"]) == ["intently_console", "privacy"]
    assert "pyodide-build" in lock.made_with


def test_a_tool_that_ends_well_and_adds_nothing_is_seen(tmp_path: Path) -> None:
    """The fault of pyodide-lock 0.1.0a4's command: the old lockfile again, and exit code 0."""
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\ncp "$3" "$4"\necho "{}"\n')
    fake.chmod(0o755)
    assert not works(fake)
    wheel = tmp_path / "x-1-py3-none-any.whl"
    wheel.write_bytes(make_wheel("x", "1", "s", {}))
    with pytest.raises(ToolMissing, match="0 packages"):
        lock_with_wheel(fake, INFO, wheel)


def test_no_package_index_is_one_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    said: list[str] = []
    with pytest.raises(ToolMissing, match="connect to a Python package index once") as caught:
        find_python(said.append, cache=tmp_path, beside=tmp_path / "none")
    assert len(str(caught.value).splitlines()) == 1
    assert len(said) == 1
    assert [path.name for path in next(tmp_path.iterdir()).iterdir()] == []


def test_a_stamp_whose_environment_is_gone_is_not_used(tmp_path: Path) -> None:
    stamp = tmp_path / "made.json"
    stamp.write_text(json.dumps({"python": str(tmp_path / "gone")}))
    assert stamped(stamp) is None
    stamp.write_text(json.dumps({"python": sys.executable}))
    assert stamped(stamp) == Path(sys.executable)
    stamp.write_text("{")
    assert stamped(stamp) is None
