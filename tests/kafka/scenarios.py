"""Single faults on a real broker, by name: what the seeds found once is asked again in every run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from loop_parts import EPOCH_S, ROOT, configuration, running
from release_parts import WANTED, Shop, hand_over, make_shop, reports

from aggregator.release import read_manifest
from aggregator.transport import OutboxTransport
from aggregator.transport.kafka import KafkaTransport
from tests.kafka.broker import create_topics

REPORTS = 60
JOINED_WITHIN_S = 60.0
PUBLISHED_WITHIN_S = 60.0
"""Far below the five minutes for which a consumer believes its metadata by default."""
REPLAY_WITHIN_S = 120


async def _members(bootstrap: str, group: str) -> int:
    """How many members a stable group has, 0 while it is none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        (answer,) = await admin.describe_consumer_groups([group])
        (_, _, state, _, _, members, *_) = answer.groups[0]
        return len(members) if state == "Stable" else 0
    except KafkaError:
        return 0
    finally:
        await admin.close()


def _version(shop: Shop) -> int:
    manifest = read_manifest(shop.public, shop.pool_key().public)
    assert manifest is not None
    return manifest.version


async def leader_without_the_topic(bootstrap: str, folder: Path) -> dict[str, object]:
    """A group's leader that knew no partition when it dealt them out: what comes later is published all the same.

    Seed 28: a worker began in the second in which the broker died, so it led a group before it had heard of any topic. Here the
    topic is not there yet, which leaves the leader in the same state. Without the mend nothing moves for five minutes.
    """
    topic = group = "intently-unknown"
    shop = make_shop(folder, configuration(minimum_batch=10), now_s=int(time.time()))
    kafka = {"transport": "kafka", "kafka_bootstrap": bootstrap, "kafka_topic": topic, "kafka_group": group}
    settings = shop.settings(**kafka, kafka_session_timeout_s=3.0).model_dump(mode="json")
    epoch = int(time.time()) // EPOCH_S - 2
    hand_over(shop, epoch, reports(shop, epoch, [WANTED if at % 2 else 0 for at in range(REPORTS)]))
    batches = [(b"%d" % at, each.value) for at, each in enumerate(OutboxTransport(shop.outbox).read(0))]
    with running("aggregator.analyzer", settings, folder):
        until = time.monotonic() + JOINED_WITHIN_S
        while await _members(bootstrap, group) == 0 and time.monotonic() < until:
            await asyncio.sleep(0.2)
        joined = await _members(bootstrap, group)
        await create_topics(bootstrap, topic)
        transport = KafkaTransport(bootstrap, topic)
        await transport.put(batches)
        await transport.close()
        started = time.monotonic()
        while _version(shop) == 1 and time.monotonic() - started < PUBLISHED_WITHIN_S:
            await asyncio.sleep(0.1)
        waited = time.monotonic() - started
    return {"members": joined, "published": _version(shop) == 2, "waited_s": round(waited, 1)}


def replayed_from_the_topic(shop: Shop, bootstrap: str, topic: str) -> dict[str, object]:
    """`intently replay --topic`: counts from the sealed reports in Kafka, pools from those counts, byte for byte."""
    settings = shop.settings(transport="kafka", kafka_bootstrap=bootstrap, kafka_topic=topic).model_dump(mode="json")
    file = shop.folder / "replay.json"
    file.write_text(json.dumps(settings))
    words = [sys.executable, "-m", "intently", "replay", "--config", str(file), "--topic", "--json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=REPLAY_WITHIN_S)
    if done.returncode not in (0, 1):
        raise AssertionError(f"replay --topic: exit code {done.returncode}: {done.stderr[-800:]}")
    found = json.loads(done.stdout)
    equal = sum(each["counts"] == "equal" and each["pool"] in ("equal", "none") for each in found["replayed"])
    return {"buckets": found["buckets"], "equal": equal}
