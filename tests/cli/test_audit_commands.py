"""`intently audit`: exit codes 0, 1 and 2, `--json` everywhere, and plain `intently audit` prints the budget."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts import Bucket, IntentlyError
from intently.commands.audit import app

sys.path.insert(0, str(Path(__file__).parents[1] / "privacy"))

from shop_files import RELEASE_KEY, Shop

PLAN = "operators: 2\ncollections:\n  - {name: item_dwelled, domain_size: 600, epsilon: 4, batch: 20000}\n"


def audit(*words: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Shop(tmp_path_factory.mktemp("audit") / "public", epochs=2, operators=2).folder


def test_plain_audit_prints_the_budget(public: Path) -> None:
    assert "local epsilon of a client" in audit("--public", public)
    plain, named = json.loads(audit("--public", public, "--json")), json.loads(audit("budget", public, "--json"))
    assert [row["per_cap"] for row in plain["clients"]] == [row["per_cap"] for row in named["clients"]]
    assert {"spent", "left", "runs_out", "composed"} <= plain["clients"][0].keys()


def test_a_plan_that_fits_and_one_that_does_not(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "small.yaml").write_text(PLAN.replace("20000", "20"))
    assert "31.912" in audit("plan", tmp_path / "plan.yaml", "--plot", tmp_path / "plan.svg")
    assert (tmp_path / "plan.svg").read_text().startswith("<svg")
    assert json.loads(audit("plan", tmp_path / "plan.yaml", "--json"))["fits"] is True
    assert "never opened" in audit("plan", tmp_path / "small.yaml", code=1)
    with pytest.raises(IntentlyError, match="give a plan"):
        audit("plan", tmp_path / "none.yaml")


def test_forecast_explain_and_verify(public: Path) -> None:
    assert json.loads(audit("forecast", public, "--domain-size", "600", "--json"))["fits"] is True
    assert "refuses its first close" in audit("forecast", public, "--domain-size", "600", "--server-budget", "1", code=1)
    with pytest.raises(IntentlyError, match="--kind"):
        audit("forecast", public, "--domain-size", "6", "--kind", "gossip")
    found = json.loads(audit("explain", public, "--json"))
    assert sum(each["epsilon_micro"] for each in found["spent"]) == found["total_micro"]
    assert "cards=page" in audit("explain", public)
    assert json.loads(audit("verify", public, "--release-key", RELEASE_KEY, "--json"))["ok"] is True


def har(path: Path, *urls: str) -> Path:
    entries = [
        {"startedDateTime": f"2026-11-25T08:00:{at:02}Z", "request": {"method": "GET", "url": url, "headers": [], "bodySize": 0}}
        for at, url in enumerate(urls)
    ]
    path.write_text(json.dumps({"log": {"entries": entries}}))
    return path


def test_traffic_of_captures(tmp_path: Path) -> None:
    page, report = "https://s.example/product/1", f"https://s.example{Bucket('ab' * 32, 1, 2, 1).path()}"
    idle, busy = har(tmp_path / "idle.har", page), har(tmp_path / "busy.har", page, "https://s.example/seen?item=7")
    audit("traffic", "--har", idle, "--har", idle)
    found = json.loads(audit("traffic", "--har", busy, "--har", idle, "--json", code=1))
    assert {each["name"] for each in found["findings"] if not each["ok"]} >= {"count alike", "query alike"}
    assert "method of a report" in audit("traffic", "--har", har(tmp_path / "odd.har", report), code=1)
    with pytest.raises(IntentlyError, match="--har"):
        audit("traffic")


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    for words in (("randomizer", tmp_path), ("served", tmp_path, "--url", "http://127.0.0.1:9")):
        with pytest.raises(IntentlyError, match="intently bundle"):
            audit(*words)
