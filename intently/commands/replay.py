"""`intently replay`: make every published pool again, and compare the bytes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intently.commands.serve import SetOption
from intently.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from aggregator.analyzer.settings import AnalyzerSettings
    from contracts import Bucket


def replay(
    config: Annotated[Path, typer.Option(help="Settings of the analyzer: public folder, keys, rules of the pool.")],
    topic: Annotated[bool, typer.Option("--topic", help="Begin with the messages that Kafka still keeps.")] = False,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every published pool again; exit code 1 where the bytes differ.

    Without --topic from the published counts, with it from the sealed reports themselves. Writes nothing, moves no offset.
    """
    from aggregator.analyzer.settings import AnalyzerSettings
    from aggregator.replay import Published
    from aggregator.replay import replay as made_again
    from aggregator.settings import load_settings

    settings = load_settings(AnalyzerSettings, config, set_ or ())
    published = Published.read(Path(settings.public))
    found = list(made_again(published, settings.pool, _counts(settings) if topic else None))
    differ = [each for each in found if not each.equal]
    if as_json:
        print_json({"buckets": len(found), "differ": len(differ), "replayed": found})
    else:
        rows = [[str(each.epoch), str(each.collection), f"{each.reports:,}", each.counts, each.pool] for each in found]
        print_table(
            f"{len(found)} buckets made again, {len(differ)} differ", ["epoch", "collection", "reports", "counts", "pool"], rows
        )
    raise typer.Exit(1 if differ else 0)


def _counts(settings: AnalyzerSettings) -> dict[Bucket, bytes]:
    from aggregator.analyzer.book import Book
    from aggregator.analyzer.opening import Opener
    from aggregator.analyzer.store import AnalyzerStore
    from aggregator.errors import SettingsRefused
    from aggregator.keys import read_hpke_keys
    from aggregator.replay import counts_again
    from aggregator.transport.kafka_history import read_topic

    if settings.transport != "kafka":
        raise SettingsRefused("replay --topic: the embedded outbox scrubs what was folded; only Kafka keeps messages to replay")
    messages = asyncio.run(read_topic(settings.kafka_bootstrap, settings.kafka_topic, settings.kafka_security))
    store = AnalyzerStore(settings.store)
    try:
        return counts_again(messages, Opener(read_hpke_keys(Path(settings.keys))), Book.from_bytes(store.configurations()))
    finally:
        store.close()


COMMANDS = (replay,)
