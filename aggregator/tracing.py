"""OpenTelemetry traces, where they are asked for (`trace: otlp`; extra `otel`). Spans carry sizes and states, never a payload.

Reports have no span: one for each would tell when it came. Closes, hand-overs and folded groups of batches have.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

from aggregator.errors import SettingsRefused

Trace = Literal["none", "otlp"]
_tracer: Any = None


def configure_tracing(kind: Trace, service: str) -> None:
    """Send spans by OTLP over HTTP to where OTEL_EXPORTER_OTLP_ENDPOINT says; raises `SettingsRefused` without the extra."""
    if kind == "none":
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError:
        raise SettingsRefused("trace: otlp needs its extra: pip install 'intently[otel]'") from None
    export_spans(OTLPSpanExporter(), service)


def export_spans(exporter: Any, service: str) -> None:
    """Hand spans to an exporter, in batches."""
    global _tracer
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer("intently")


@contextlib.contextmanager
def span(name: str, **attributes: int | str) -> Iterator[None]:
    """Around a piece of work; nothing where tracing is off."""
    if _tracer is None:
        yield
        return
    with _tracer.start_as_current_span(name, attributes=attributes, record_exception=False):
        yield
