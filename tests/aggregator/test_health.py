"""Readiness by its parts, metrics of a running analyzer, spans without payloads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from release_parts import NOW, WANTED, Shop, analyze, hand_over, make_shop, reports

from aggregator import tracing
from aggregator.analyzer.app import create_app
from aggregator.analyzer.health import FRESH_S, Health, health_app, metrics_of
from aggregator.errors import SettingsRefused

EPOCH = 170_000_000


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = make_shop(tmp_path)
    hand_over(shop, EPOCH, reports(shop, EPOCH, [WANTED if at % 2 else 0 for at in range(120)]))
    return shop


def test_a_process_is_ready_once_each_part_is_well_and_no_longer_when_one_falls_silent(shop: Shop) -> None:
    now = [0.0]
    health = Health(lambda: now[0])
    health.expect("kafka", "closing")
    client = TestClient(health_app(shop.settings(), health, shop.pool_key().public))
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    for part in ("kafka", "closing"):
        health.well(part)
    assert client.get("/readyz").json() == {"status": "ready"}
    now[0] = FRESH_S + 1
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "silent for 31 s" in answer.json()["detail"]
    health.well("closing")
    health.well("kafka")
    health.ill("store", "OperationalError: database or disk is full")
    assert "disk is full" in client.get("/readyz").json()["detail"]
    health.mended("store")
    assert client.get("/readyz").status_code == 200


def test_the_running_analyzer_tells_what_it_does(shop: Shop) -> None:
    with TestClient(create_app(shop.settings(), lambda: NOW + 60)) as client:
        until, text = time.monotonic() + 20, ""
        while time.monotonic() < until and 'intently_analyzer_reports{outcome="counted"} 120.0' not in text:
            text = client.get("/metrics").text
            time.sleep(0.1)
        while time.monotonic() < until and client.get("/readyz").status_code != 200:
            time.sleep(0.1)
        text = client.get("/metrics").text
    for line in (
        "intently_analyzer_opened_total 120.0",
        "intently_analyzer_batch_fill 0.6",
        'intently_analyzer_lag{partition="outbox/0"} 0.0',
        'intently_analyzer_epsilon_spent{collection="1"} 3.988985',
        "intently_analyzer_ready 1.0",
        "intently_analyzer_pool_age_seconds",
    ):
        assert line in text, line


def test_metrics_and_spans_hold_no_payload(shop: Shop, spans: InMemorySpanExporter) -> None:
    analyzer = analyze(shop)
    text = metrics_of(analyzer.store, shop.settings(), analyzer.health, shop.pool_key().public).decode()
    assert shop.bucket(EPOCH).release not in text
    tracing._tracer.span_processor.force_flush()
    found = {span.name: dict(span.attributes or {}) for span in spans.get_finished_spans()}
    assert found["close"] == {"collection": 1, "epoch": EPOCH, "reports": 120}
    assert found["fold"] == {"partition": "outbox/0", "batches": 2}


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    tracing.export_spans(exporter, "test")
    yield exporter
    tracing._tracer = None


def test_tracing_without_its_extra_is_one_sentence() -> None:
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter  # noqa: F401
    except ImportError:
        with pytest.raises(SettingsRefused, match=r"intently\[otel\]"):
            tracing.configure_tracing("otlp", "test")
    tracing.configure_tracing("none", "test")
    assert tracing._tracer is None
