"""What is spent, left, and when it runs out: by collection and audience, from public files. Reads, does not verify."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from contracts import (
    FILES_PATH,
    MANIFEST_PATH,
    MICRO,
    RECEIPT_TYPE,
    Collection,
    Configuration,
    Envelope,
    FileRef,
    IntentlyError,
    Manifest,
    Receipt,
    Record,
    Release,
)
from privacy.accounting import Batches, composed_epsilon, round_up
from privacy.accounting.guarantees import DELTA
from privacy.accounting.noise import noised_epsilon, rho_of
from privacy.errors import AuditRefused
from privacy.mechanisms import mechanism_of

DAY_S = 86_400
AUDIENCES = ("local", "shuffled", "public")
NOISED = "noised"
"""The fourth audience, where noise was published with: all but the analyzer's operator, whoever else colludes."""
Document = TypeVar("Document", bound=Record)


@dataclass(frozen=True)
class BudgetRow:
    """One collection against one audience, for the client who reports it in every epoch: the worst case."""

    collection: str
    audience: str
    per_report: float | None
    """Epsilon, the dearest of the last `cap_days`; None where nothing is claimed, or no bucket was closed yet.

    A client sends one report an epoch at most.
    """
    per_day: float | None
    per_cap: float | None
    """Most in any `cap_days`; then the client is silent."""
    spent: float | None
    """In the last `cap_days`, had the client reported in every epoch that was published. Sequential composition."""
    left: float | None
    """What the reports that the cap still allows would add."""
    delta: float
    """Summed like `spent`."""
    composed: float | None
    """What was spent, by privacy-loss distributions or by the noise, at a delta of `DELTA`; None where sums are all there is."""
    runs_out: int | None
    """Seconds since 1970 at which the cap silences this client; None if the window moves on faster than it spends."""


@dataclass(frozen=True)
class ServerRow:
    """What was published of one collection, ever."""

    collection: str
    epochs: int
    epochs_without: int
    """Epochs between the first and the last published one that have no receipt: dropped below the minimum, or never closed."""
    reports: int
    refused: int
    spent: float
    """Local epsilon of a client in every one of these epochs."""
    left: float | None
    """Of the server's own budget; None where none is set."""


@dataclass(frozen=True)
class BudgetReport:
    """Everything that `intently audit budget` prints."""

    shop: str
    demo: bool
    now: int
    epoch_s: int
    minimum_batch: int
    cap_epsilon: float
    cap_days: int
    clients: tuple[BudgetRow, ...]
    servers: tuple[ServerRow, ...]


def budget(folder: Path, now: float, server_budget_epsilon: float | None = None) -> BudgetReport:
    """Spending of a shop at `now` (seconds since 1970). Signatures are the business of `verify_public`: run that as well.

    Raises `AuditRefused` where the folder cannot be read.
    """
    manifest = document_of(folder / MANIFEST_PATH, Manifest)
    release = document_of(folder / manifest.release.path, Release)
    configuration = configuration_of(folder, release.configuration)
    receipts = all_receipts(folder)
    rows, servers = [], []
    for collection in configuration.collections:
        of = {receipt.epoch: receipt for receipt in receipts if _same(receipt.collection, collection)}
        audiences = (*AUDIENCES, NOISED) if any(receipt.noise for receipt in of.values()) else AUDIENCES
        rows += [_row(collection, audience, of, configuration, int(now)) for audience in audiences]
        servers.append(_server_row(collection, of, server_budget_epsilon))
    return BudgetReport(
        shop=configuration.shop, demo=configuration.demo, now=int(now), epoch_s=configuration.epoch_s,
        minimum_batch=configuration.minimum_batch, cap_epsilon=configuration.cap_epsilon, cap_days=configuration.cap_days,
        clients=tuple(rows), servers=tuple(servers),
    )  # fmt: skip


def _row(
    collection: Collection, audience: str, receipts: Mapping[int, Receipt], configuration: Configuration, now: int
) -> BudgetRow:
    window_s, epoch_s = configuration.cap_days * DAY_S, configuration.epoch_s
    under_cap = math.floor(configuration.cap_epsilon * MICRO) // collection.epsilon_micro
    most = min(under_cap, -(-window_s // epoch_s))
    recent = [receipt for epoch, receipt in sorted(receipts.items()) if now - epoch * epoch_s < window_s]
    costs = sorted((cost for receipt in recent if (cost := _cost(receipt, audience)) is not None), reverse=True)[:most]
    each = collection.epsilon_micro / MICRO if audience == "local" else max(costs, default=None)
    delta = math.fsum(sorted((receipt.guarantees.delta for receipt in recent), reverse=True)[:most])
    remaining = most - min(len(recent), most)
    silenced = under_cap * epoch_s < window_s
    spent = None if each is None else sum(round(cost * MICRO) for cost in costs) / MICRO
    return BudgetRow(
        collection=collection.name, audience=audience, per_report=each, per_day=_times(each, min(-(-DAY_S // epoch_s), most)),
        per_cap=_times(each, most), spent=spent, left=_times(each, remaining),
        delta=0.0 if audience == "local" or each is None else delta,
        composed=_composed(recent, audience, most), runs_out=now + remaining * epoch_s if silenced else None,
    )  # fmt: skip


def _composed(receipts: Sequence[Receipt], audience: str, most: int) -> float | None:
    """The `most` dearest of these receipts together, by the smallest of the bounds that hold against this audience."""
    bounds = []
    if audience in ("shuffled", "public"):
        bounds.append(_composed_shuffled(receipts, audience, most))
    if audience in ("public", NOISED):
        bounds.append(_composed_noised(receipts, most))
    return min((bound for bound in bounds if bound is not None), default=None)


def _composed_noised(receipts: Sequence[Receipt], most: int) -> float | None:
    """The least noise of all; a batch without noise counts with its local epsilon. None where no batch has any."""
    parts = sorted(((each.noise.support_most, each.noise.sigma) for each in receipts if each.noise), key=_rho, reverse=True)
    plain = sorted((each.collection.epsilon_micro for each in receipts if not each.noise), reverse=True)[:most]
    if not parts:
        return None
    return noised_epsilon([(support, sigma, 1) for support, sigma in parts[:most]], DELTA) + sum(plain) / MICRO


def _rho(part: tuple[int, float]) -> float:
    return rho_of(*part)


def _composed_shuffled(receipts: Sequence[Receipt], audience: str, most: int) -> float | None:
    """The smallest batches, each rounded down to two digits; None where there is none. Nothing below the minimum is published."""
    amplified = [receipt for receipt in receipts if _amplified(receipt) and _cost(receipt, audience)]
    if not amplified:
        return None
    sizes = Counter((_mechanism(receipt), _two_digits(receipt.reports)) for receipt in sorted(amplified, key=_reports)[:most])
    return round_up(composed_epsilon([Batches(*words, n, epochs) for (words, n), epochs in sizes.items()], DELTA))


def _amplified(receipt: Receipt) -> bool:
    return bool(receipt.guarantees.delta) and receipt.reports >= max(receipt.minimum_batch, 2)


def _reports(receipt: Receipt) -> int:
    return receipt.reports


def _mechanism(receipt: Receipt) -> tuple[int, int, int, float]:
    mechanism = mechanism_of(receipt.collection)
    return mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision


def _two_digits(number: int) -> int:
    unit: int = 10 ** max(0, len(str(number)) - 2)
    return number // unit * unit


def _cost(receipt: Receipt, audience: str) -> float | None:
    cost: float | None = getattr(receipt.guarantees, audience)
    return receipt.guarantees.local if cost is None and audience == NOISED else cost


def _times(each: float | None, count: int) -> float | None:
    return None if each is None else round(each * MICRO) * count / MICRO


def _server_row(collection: Collection, receipts: Mapping[int, Receipt], budget_epsilon: float | None) -> ServerRow:
    micro = len(receipts) * collection.epsilon_micro
    refused = sum(sum(receipt.refusals.model_dump().values()) for receipt in receipts.values())
    left = None if budget_epsilon is None else max(0, math.floor(budget_epsilon * MICRO) - micro) / MICRO
    return ServerRow(
        collection=collection.name, epochs=len(receipts),
        epochs_without=max(receipts) - min(receipts) + 1 - len(receipts) if receipts else 0,
        reports=sum(receipt.reports for receipt in receipts.values()), refused=refused, spent=micro / MICRO, left=left,
    )  # fmt: skip


def _same(one: Collection, other: Collection) -> bool:
    return (one.id, one.name) == (other.id, other.name)


def document_of(path: Path, kind: type[Document]) -> Document:
    """Payload of an envelope; not verified."""
    return kind.from_bytes(Envelope.from_bytes(_read(path)).payload_bytes())


def configuration_of(folder: Path, reference: FileRef) -> Configuration:
    """The configuration that a release names; not verified."""
    return Configuration.from_bytes(_read(folder / reference.path))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise AuditRefused(f"{path} cannot be read; give the folder that delivery serves") from None


def all_receipts(folder: Path) -> list[Receipt]:
    """Every receipt in files/, also those that the manifest no longer names."""
    found = []
    begin = f'{{"payloadType":"{RECEIPT_TYPE}"'.encode()
    for path in sorted((folder / FILES_PATH).glob("*.json")):
        with path.open("rb") as file:
            data = file.read() if file.read(len(begin)) == begin else b""
        if data:
            try:
                found.append(Receipt.from_bytes(Envelope.from_bytes(begin + data).payload_bytes()))
            except IntentlyError as error:
                raise AuditRefused(f"{path.name}: {error}") from None
    return found
