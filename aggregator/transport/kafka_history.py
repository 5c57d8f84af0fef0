"""A whole topic, from its first message that is still kept to its end: for a replay. Needs the `kafka` extra."""

from __future__ import annotations

from aggregator.errors import TransportRefused
from aggregator.transport.kafka_security import PLAIN, KafkaSecurity


async def read_topic(bootstrap: str, topic: str, security: KafkaSecurity = PLAIN) -> list[bytes]:
    """Values of all messages, partition by partition; raises `TransportRefused`. Reads in no group, so it moves no offset."""
    try:
        from aiokafka import AIOKafkaConsumer, TopicPartition
        from aiokafka.errors import KafkaError
    except ImportError:
        raise TransportRefused("Kafka needs its extra: pip install 'intently[kafka]'") from None
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **security.for_aiokafka(),
    )
    values: list[bytes] = []
    try:
        await consumer.start()
        numbers = consumer.partitions_for_topic(topic) or await _partitions(consumer, topic)
        for number in sorted(numbers):
            place = TopicPartition(topic, number)
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            while await consumer.position(place) < end:
                found = await consumer.getmany(place, timeout_ms=2_000)
                values += [record.value for record in found.get(place, []) if record.value is not None]
    except KafkaError as error:
        raise TransportRefused(f"Kafka at {bootstrap} does not answer: {type(error).__name__}") from None
    finally:
        await consumer.stop()
    return values


async def _partitions(consumer: object, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()  # type: ignore[attr-defined]
    found: set[int] | None = consumer.partitions_for_topic(topic)  # type: ignore[attr-defined]
    if not found:
        raise TransportRefused(f"Kafka has no topic {topic}")
    return found
