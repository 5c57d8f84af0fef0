"""How shuffled batches travel from the relay to the analyzer: an outbox in SQLite, or Kafka.

Promise of every transport: what `put` returned for is delivered at least once, with its exact bytes, also after a crash of
either side. Exactly once is made by the analyzer's store (offsets and seen ids), never by the transport.
"""

from aggregator.transport.base import Delivered, Transport, batch_key
from aggregator.transport.outbox import OutboxTransport

__all__ = ["Delivered", "OutboxTransport", "Transport", "batch_key"]
