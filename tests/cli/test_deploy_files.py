"""The files of deploy/ say what the programs read, write and measure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.delivery.settings import DeliverySettings
from aggregator.relay.settings import RelaySettings
from aggregator.settings import ServerSettings, load_settings
from aggregator.transport.base import batch_key
from contracts import BATCH_MOST, Batch, Bucket

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BUCKET = Bucket("ab" * 32, 1, 7, 1)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("kind", [RelaySettings, AnalyzerSettings, DeliverySettings])
def test_the_sample_settings_are_read_by_each_program(kind: type[ServerSettings]) -> None:
    assert load_settings(kind, DEPLOY / "intently.yaml").program in ("relay", "analyzer", "delivery")


def test_the_compose_file_makes_the_topics_that_the_programs_use() -> None:
    services = read(DEPLOY / "compose.yaml")["services"]
    words = " ".join(services["topics"]["command"])
    analyzer = load_settings(AnalyzerSettings, DEPLOY / "intently.yaml")
    for topic in (analyzer.kafka_topic, analyzer.kafka_dead_letter_topic):
        assert f"--topic {topic} " in words
    for name, command in (("relay", "relay"), ("analyzer", "aggregate"), ("delivery", "deliver")):
        assert services[name]["command"][0] == command
        assert services[name]["read_only"]
    assert all("keys" not in volume for name in ("relay", "delivery") for volume in services[name]["volumes"])


def test_the_compose_file_with_postgresql_gives_the_analyzer_its_store(monkeypatch: pytest.MonkeyPatch) -> None:
    services = read(DEPLOY / "compose.postgres.yaml")["services"]
    monkeypatch.setenv("INTENTLY_ANALYZER_STORE", services["analyzer"]["environment"]["INTENTLY_ANALYZER_STORE"])
    store = load_settings(AnalyzerSettings, DEPLOY / "intently.yaml").store
    database = services["postgres"]["environment"]
    assert store == f"postgresql://{database['POSTGRES_USER']}@postgres/{database['POSTGRES_DB']}"
    assert services["analyzer"]["environment"]["PGPASSFILE"] in services["analyzer"]["volumes"][0]


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    """Each by its name in the analyzer's source; a planted name is caught."""
    source = "".join(path.read_text() for path in (ROOT / "aggregator").rglob("*.py"))
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "intently.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"intently_\w+", target["expr"])
    }
    assert len(asked) >= 10
    assert [name for name in sorted(asked) if f'"{name}"' not in source] == []
    assert '"intently_analyzer_planted"' not in source


def test_the_status_page_asks_for_metrics_that_exist() -> None:
    page = (ROOT / "aggregator" / "analyzer" / "status.html").read_text()
    source = (ROOT / "aggregator" / "analyzer" / "health.py").read_text()
    asked = set(re.findall(r"intently_\w+", page))
    assert len(asked) == 10
    assert [name for name in sorted(asked) if f'"{name}"' not in source] == []


def test_asyncapi_states_the_sizes_of_the_wire() -> None:
    document = read(ROOT / "contracts" / "asyncapi.yaml")
    messages = document["components"]["messages"]
    payload = messages["batch"]["payload"]
    assert payload["minLength"] == len(Batch(BUCKET, 0, 0, ()).to_bytes())
    assert payload["maxLength"] == len(Batch(BUCKET, BATCH_MOST, 0, (bytes(56),) * BATCH_MOST).to_bytes())
    assert messages["batch"]["bindings"]["kafka"]["key"]["description"].startswith(f"{len(batch_key(BUCKET, 0))} bytes")
    analyzer = load_settings(AnalyzerSettings, DEPLOY / "intently.yaml")
    assert {channel["address"] for channel in document["channels"].values()} == {
        analyzer.kafka_topic, analyzer.kafka_dead_letter_topic,
    }  # fmt: skip
