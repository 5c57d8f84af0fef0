"""One settings file for three programs: who wins, who said it, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.errors import SettingsRefused
from aggregator.relay.settings import RelaySettings
from aggregator.settings import load_settings, load_with_origins
from intently.cli import app

FILE = """
relay:
  port: 8091
  store: relay.sqlite
  outbox: outbox.sqlite
  configurations:
    - {file: configuration.json, key_ids: [1]}
analyzer:
  store: analyzer.sqlite
  public: public
  keys: keys
  outbox: outbox.sqlite
  pool: {size: 300}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "intently.yaml"
    found.write_text(FILE)
    return found


def test_flag_before_environment_before_file_before_default(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTENTLY_RELAY_PORT", "8092")
    monkeypatch.setenv("INTENTLY_RELAY_QUEUE_MOST", "77")
    told = load_with_origins(RelaySettings, path, ["port=8093"])
    assert (told.settings.port, told.settings.queue_most, told.settings.store) == (8093, 77, "relay.sqlite")
    assert told.settings.retry_after_s == RelaySettings.model_fields["retry_after_s"].default
    assert told.origins["port"] == "flag"
    assert told.origins["queue_most"] == "environment INTENTLY_RELAY_QUEUE_MOST"
    assert told.origins["store"] == f"file {path}"
    assert "retry_after_s" not in told.origins
    assert load_settings(RelaySettings, path).port == 8092


def test_a_nested_key_is_set_without_losing_its_neighbours(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTENTLY_ANALYZER_POOL__NEW_ROOM", "3")
    pool = load_settings(AnalyzerSettings, path, ["pool.false_entries=1.5"]).pool
    assert (pool.size, pool.new_room, pool.false_entries) == (300, 3, 1.5)


@pytest.mark.parametrize(
    ("text", "flags", "said"),
    [
        (FILE, ["port=99999"], r"at port \(flag\)"),
        (FILE, ["nope=1"], r"at nope \(flag\)"),
        (FILE, ["pool.sizes=1"], r"at pool.sizes \(flag\)"),
        (FILE, ["port"], "KEY=VALUE"),
        (FILE + "pools: {}\n", [], "at pools: unknown section, want relay, analyzer, delivery"),
        (FILE.replace("size: 300", "size: none"), [], r"at pool.size \(file "),
        ("relay: {port: 1}\n", [], "has no section analyzer, only relay"),
        ("analyzer: 7\n", [], "got int, want keys and values"),
        ("- a list\n", [], "got list"),
        ("a: [1\n", [], "no YAML"),
    ],
)
def test_what_is_refused_says_where(path: Path, text: str, flags: list[str], said: str) -> None:
    path.write_text(text)
    with pytest.raises(SettingsRefused, match=said):
        load_settings(AnalyzerSettings, path, flags)


def test_a_misspelt_variable_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTENTLY_RELAY_PROT", "1")
    with pytest.raises(SettingsRefused, match="INTENTLY_RELAY_PROT: RelaySettings has no key prot"):
        load_settings(RelaySettings, path)
    assert load_settings(AnalyzerSettings, path).store == "analyzer.sqlite"


def test_show_and_check(path: Path) -> None:
    everywhere = CliRunner().invoke(app, ["config", "show", str(path), "--set", "pool.size=9"])
    assert isinstance(everywhere.exception, SettingsRefused)  # relay has no pool
    only = ["--program", "analyzer", "--set", "pool.size=9"]
    told = json.loads(CliRunner().invoke(app, ["config", "show", str(path), "--origin", "--json", *only]).stdout)
    assert told["analyzer"]["pool.size"] == {"value": 9, "origin": "flag"}
    assert told["analyzer"]["pool.new_room"] == {"value": 10, "origin": "default"}
    checked = CliRunner().invoke(app, ["config", "check", str(path)])
    assert checked.exit_code == 0
    assert [line.split(":")[0] for line in checked.stdout.splitlines()] == ["relay", "analyzer"]
