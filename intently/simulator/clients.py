"""Simulated clients: real reports of made-up shoppers, posted to a real relay over HTTP.

Each epoch has its own clients, one report each: the coin, the randomizer, the seal and the wire are the shipped ones; only
the behaviour is drawn. A share of them wants one *surge item*, chosen after the start among items that no pool holds, so that
whoever watches can see a private pool learn something that no log contained.

    python -m intently.simulator.clients --url URL --release-key HEX --state FILE
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import numpy as np

from contracts import Bucket, Collection, IntentlyError, pack_plaintext
from intently.public_client import Published, get_published
from privacy.mechanisms import mechanism_of
from privacy.randomizer import randomize
from privacy.sealing import seal

SENDING_SHARE = 0.7
"""Part of the epoch over which its clients' reports are spread."""
CONNECTIONS = 8
ZIPF_EXPONENT = 0.8
"""Popularity of the items that other simulated clients dwell on, by rank in the base pool."""


@dataclass(frozen=True)
class Behaviour:
    """What simulated shoppers do."""

    clients: int = 2000
    idle_share: float = 0.3
    surge_share: float = 0.2


@dataclass
class State:
    """What happened so far; written for the demo's check to read."""

    surge_item: int
    surge_name: str
    epochs: int = 0
    sent: int = 0
    accepted: int = 0
    first_epoch: int = -1
    last_epoch: int = -1


def choose_surge_item(published: Published, choose: secrets.SystemRandom) -> int:
    """An available item that neither the base pool nor the newest pool holds."""
    held = {entry.item for entry in published.base_pool.items} | {entry.item for entry in published.pool.items}
    held |= set(published.manifest.availability.unavailable)
    free = [index for index in range(1, len(published.catalogue.items) + 1) if index not in held]
    if not free:
        raise IntentlyError("simulated clients: every item stands in the pool already; want a pool smaller than the catalogue")
    return choose.choice(free)


def draw_items(published: Published, behaviour: Behaviour, surge_item: int, rng: np.random.Generator) -> np.ndarray:
    """int64[clients]: the item each client dwelled on, 0 for none."""
    ranked = np.array([entry.item for entry in published.base_pool.items])
    weights = np.arange(1, len(ranked) + 1, dtype=np.float64) ** -ZIPF_EXPONENT
    items = rng.choice(ranked, size=behaviour.clients, p=weights / weights.sum())
    kind = rng.random(behaviour.clients)
    items[kind < behaviour.idle_share + behaviour.surge_share] = surge_item
    items[kind < behaviour.idle_share] = 0
    return items


def value_of(collection: Collection, item: int, published: Published) -> int:
    """The value that a client who dwelled on `item` holds for `collection`."""
    if item == 0:
        return 0
    if collection.kind == "category_intent":
        return published.catalogue.items[item - 1].category
    return item if item <= collection.domain_size else 0


def sealed_report(published: Published, collection: Collection, value: int, epoch: int) -> tuple[str, bytes]:
    """(path, body) of one report, by the shipped code."""
    key = next(key for key in published.release.hpke_keys if key.state == "active")
    bucket = Bucket(published.release.configuration.sha256, collection.id, epoch, key.key_id)
    message = randomize(mechanism_of(collection), value, os.urandom)
    return bucket.path(), seal(pack_plaintext(collection.id, message), bytes.fromhex(key.public_key), bucket.info())


async def post_all(relay: httpx.AsyncClient, reports: list[tuple[str, bytes]], over_s: float) -> int:
    """Post the reports spread over `over_s` seconds; returns how many were answered 202."""
    began, accepted, place = time.monotonic(), 0, iter(enumerate(reports))

    async def lane() -> None:
        nonlocal accepted
        for index, (path, body) in place:
            await asyncio.sleep(max(0.0, began + over_s * index / len(reports) - time.monotonic()))
            try:
                answer = await relay.post(path, content=body, headers={"content-type": "text/plain"})
            except httpx.TransportError:
                continue
            accepted += answer.status_code == 202

    await asyncio.gather(*(lane() for _ in range(CONNECTIONS)))
    return accepted


def coin(collections: tuple[Collection, ...], clients: int, rng: np.random.Generator) -> list[Collection]:
    """The one collection that each client serves in this epoch, by the signed shares."""
    shares = np.array([collection.share for collection in collections], dtype=np.float64)
    return [collections[index] for index in rng.choice(len(collections), size=clients, p=shares / shares.sum())]


async def one_epoch(
    published: Published, behaviour: Behaviour, state: State, relay: httpx.AsyncClient, rng: np.random.Generator
) -> None:
    """All reports of the epoch that is open now."""
    epoch_s = published.configuration.epoch_s
    epoch = int(time.time() // epoch_s)
    items = draw_items(published, behaviour, state.surge_item, rng)
    chosen = coin(published.configuration.collections, behaviour.clients, rng)
    reports = [
        sealed_report(published, collection, value_of(collection, int(item), published), epoch)
        for collection, item in zip(chosen, items, strict=True)
    ]
    left_s = (epoch + 1) * epoch_s - time.time()
    state.accepted += await post_all(relay, reports, max(0.0, left_s - epoch_s * (1 - SENDING_SHARE)))
    state.epochs, state.sent, state.last_epoch = state.epochs + 1, state.sent + len(reports), epoch
    if state.first_epoch < 0:
        state.first_epoch = epoch


def write_state(path: Path, state: State) -> None:
    """Beside, then renamed."""
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(asdict(state)))
    beside.replace(path)


async def simulate(url: str, release_key: str, state_path: Path, behaviour: Behaviour, epochs: int) -> State:
    """Report for `epochs` epochs; `state_path` is rewritten after each."""
    rng, choose = np.random.default_rng(secrets.randbits(64)), secrets.SystemRandom()
    async with httpx.AsyncClient(base_url=url, timeout=10) as shop:
        published = await get_published(shop, release_key)
        item = choose_surge_item(published, choose)
        state = State(item, published.catalogue.items[item - 1].name)
        write_state(state_path, state)
        print(f"ready: simulated clients want item {item}", flush=True)
        relay_url = published.configuration.reports_url or url
        async with httpx.AsyncClient(base_url=relay_url, timeout=10) as relay:
            for _ in range(epochs):
                await asyncio.sleep(published.configuration.epoch_s - time.time() % published.configuration.epoch_s + 0.05)
                await one_epoch(published, behaviour, state, relay, rng)
                write_state(state_path, state)
                published = await get_published(shop, release_key)
    return state


def end_with_parent() -> None:
    """End this process when its standard input closes, as the supervisor's does when it ends."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main() -> int:
    """Command line of the simulated clients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--release-key", required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=Behaviour.clients)
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--stop-on-stdin-eof", action="store_true")
    words = parser.parse_args()
    if words.stop_on_stdin_eof:
        end_with_parent()
    try:
        asyncio.run(simulate(words.url, words.release_key, words.state, Behaviour(clients=words.clients), words.epochs))
    except (IntentlyError, httpx.HTTPError) as error:
        print(f"intently: simulated clients: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
