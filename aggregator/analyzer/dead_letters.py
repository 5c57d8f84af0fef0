"""Dead letters to a topic of their own: at least once, with the reason and the place they came from in the headers.

They stand in the store first, in the transaction that passes over them, so none is lost. Their reports are still sealed.
"""

from __future__ import annotations

from aggregator.analyzer.pipeline import Pipeline
from aggregator.analyzer.store import AnalyzerStore, DeadLetter
from aggregator.transport.kafka import KafkaTransport


async def forward_dead_letters(pipeline: Pipeline, store: AnalyzerStore, carrier: KafkaTransport) -> int:
    """Forward what waits; returns how many. Raises `TransportRefused`, and then they wait on."""
    waiting: list[DeadLetter] = await pipeline.call(store.dead_values)
    if waiting:
        await carrier.put_with_headers([(key_of(letter), letter.value, headers_of(letter)) for letter in waiting])
        await pipeline.call(store.forwarded, [letter.id for letter in waiting])
    return len(waiting)


def key_of(letter: DeadLetter) -> bytes:
    """Where it came from: the same letter always has the same key."""
    return f"{letter.partition}/{letter.offset}".encode()


def headers_of(letter: DeadLetter) -> list[tuple[str, bytes]]:
    """Why, and from where."""
    return [
        ("reason", letter.reason.encode()), ("partition", letter.partition.encode()), ("offset", str(letter.offset).encode()),
    ]  # fmt: skip
