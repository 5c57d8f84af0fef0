"""From a session log to everything that the embedded default serves: model, catalogue, release, bundle, pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from aggregator.files import compress_folder, write_atomic
from aggregator.pools import PoolRules, base_pool
from browser_runtime import build_bundle, check_bundle
from contracts import Catalogue, IntentlyError, Pool, Release
from edge_model import Run, SessionLog, Settings, load, make_run, newest, on_terminal
from intently.configuration import DEMO, Scale, configuration
from intently.demo.pictures import with_pictures
from intently.demo.shop.build import build_shop
from intently.embedded import Addresses
from intently.publishing import publish_release, roles_of
from intently.simulator import catalogue_for, simulate_shop
from intently.workspace import Workspace

SHOP = "demo"
SESSIONS_MOST, ITEMS_MOST = 20_000, 5_000
"""What the demo trains on at most: the newest sessions, the most seen items."""
TRAINING_S = 50.0
POOL_MOST = 120
UNAVAILABLE = 3
"""Items that the demo declares sold out, so that a hard filter has something to do."""


@dataclass(frozen=True)
class Source:
    """A log with the catalogue that its shop shows."""

    log: SessionLog
    catalogue: Catalogue
    words: str


@dataclass(frozen=True)
class Prepared:
    """What stands in the workspace."""

    source: Source
    run: Run
    release: Release
    release_key: str


def read_source(data: Path | None, seed: int) -> Source:
    """The simulated shop, or a log made small enough; raises `EdgeModelError` for a log that cannot be used."""
    if data is None:
        shop = simulate_shop(SESSIONS_MOST, seed)
        catalogue = shop.catalogue.model_copy(update={"shop": SHOP})
        return Source(shop.log, with_pictures(catalogue), f"{shop.log.session_count:,} simulated sessions")
    log = newest(load(data), SESSIONS_MOST, ITEMS_MOST)
    return Source(log, with_pictures(catalogue_for(log, SHOP)), f"{log.session_count:,} sessions of {data.name}")


def train_model(source: Source, space: Workspace, console: Console, budget_s: float = TRAINING_S) -> Run:
    """Train within the budget, export, check parity, evaluate beside the baselines."""
    with on_terminal(console) as progress:
        return make_run(source.log, space.model, Settings(time_budget_s=budget_s), progress)


def pool_rules(items: int) -> PoolRules:
    """The demo's pool holds at most a third of the catalogue: what is wanted must have something to rise from."""
    return PoolRules(size=min(POOL_MOST, max(1, items // 3)), base_room=1, new_room=0)


def popularity_pool(log: SessionLog, rules: PoolRules) -> Pool:
    """Base pool: most seen in the train sessions first, ties by lower index."""
    seen = np.bincount(log.items[: log.train_events()], minlength=log.item_count + 1)[1:]
    order = np.argsort(-seen, kind="stable") + 1
    return base_pool(SHOP, True, [int(item) for item in order if seen[item - 1] > 0], rules)


def sold_out(pool: Pool, count: int = UNAVAILABLE) -> tuple[int, ...]:
    """Every tenth item of the pool, `count` of them: popular ones, so that the filter can be seen to work."""
    return tuple(sorted(entry.item for entry in pool.items[9 : 10 * count : 10]))


def publish(source: Source, space: Workspace, addresses: Addresses, scale: Scale = DEMO) -> Release:
    """Catalogue, configuration, base pool and model as a signed release with its first manifest."""
    catalogue = source.catalogue
    write_atomic(space.catalogue, catalogue.to_bytes())
    collections = configuration(SHOP, len(catalogue.items), len(catalogue.categories), addresses.relay, scale)
    pool = popularity_pool(source.log, pool_rules(len(catalogue.items)))
    return publish_release(space, collections, catalogue, pool, sold_out(pool))


def build_pages(source: Source, space: Workspace, release: Release, scale: Scale = DEMO) -> None:
    """The browser bundle, pinned to the release key, and the demo shop's pages."""
    build_bundle(space.bundle, release_key=release.roles.release, shop=SHOP, demo=True)
    refusal = check_bundle(space.bundle, release)
    if refusal is not None:
        raise IntentlyError(refusal)
    build_shop(space.shop)
    about = {
        "title": "Intently demo", "source_words": source.words, "simulated": source.log.simulated,
        "generated": list(source.catalogue.generated), "epoch_s": scale.epoch_s, "minimum_batch": scale.minimum_batch,
    }  # fmt: skip
    write_atomic(space.shop / "demo.json", json.dumps(about).encode())
    for folder in (space.bundle, space.shop):
        compress_folder(folder)


def prepare(
    data: Path | None, space: Workspace, addresses: Addresses, console: Console, seed: int = 7, budget_s: float = TRAINING_S
) -> Prepared:
    """All of it, saying what is done."""
    source = read_source(data, seed)
    for line in source.log.report.lines():
        console.print(f"  {line}", highlight=False)
    console.print(f"Training a session model on it, at most {budget_s:.0f} s ...")
    run = train_model(source, space, console, budget_s)
    console.print("Signing a release, building the bundle and the shop ...")
    release_key = roles_of(space).release
    release = publish(source, space, addresses)
    build_pages(source, space, release)
    return Prepared(source, run, release, release_key)
