"""Checks everything that a shop publishes, and names each fault by file, line and field: reads it, recomputes every number, and
follows every link between receipts, configurations, pools and ledger lines. Standard library alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from privacy.accounting.chain import VerifySignature
from privacy.accounting.guarantees import check_receipt
from privacy.accounting.limits import limit_faults
from privacy.accounting.noise import SIGMA_LEAST, SIGMA_MOST
from privacy.accounting.noise_check import noise_shortfall
from privacy.accounting.pool_check import counts_of, pool_faults, smoothed_counts
from privacy.accounting.public_files import (
    LEDGER,
    MANIFEST,
    Document,
    PublicFiles,
    Signed,
    Unpack,
    check_hashes,
    gunzip,
    read_ledger,
    read_manifest,
    read_receipts,
    read_releases,
)  # fmt: skip
from privacy.accounting.score import Support, summed_interval, support_of_record

COUNTS_SUFFIX = ".f64"


def verify_files(
    files: Mapping[str, bytes], release_key: bytes, verify: VerifySignature, unpack: Mapping[str, Unpack] | None = None
) -> PublicFiles:
    """Check all of it. `files`: path below the public folder -> bytes; `unpack`: decompressors by suffix, `.gz` is built in."""
    public = PublicFiles(files, release_key, verify, {".gz": gunzip, **(unpack or {})})
    steps = (
        check_hashes, read_releases, read_manifest, read_receipts, read_ledger, check_configurations, check_numbers, check_noise,
        check_links,
    )  # fmt: skip
    for step in steps:
        try:
            step(public)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            public.note(
                step.__name__.split("_")[1], f"a signed document does not follow its contract: {type(error).__name__} {error}"
            )
    return public


def check_configurations(public: PublicFiles) -> None:
    """Every signed configuration keeps the limits that are constants of the bundle."""
    for release in public.releases:
        path, data = release.document["configuration"]["path"], public.files.get(release.document["configuration"]["path"])
        if data is None:
            continue
        for name, what in limit_faults(json.loads(data), demo_bundle=bool(release.document["demo"])):
            public.note(f"{path}, field {name}", what)


def check_numbers(public: PublicFiles) -> None:
    """Every receipt states what its mechanism, batch and operators cost."""
    for receipt in public.receipts:
        for sentence in check_receipt(receipt.document):
            name, _, what = sentence.partition(": ")
            public.note(f"{receipt.path}, field {name}", what)
        if receipt.document["reports"] < receipt.document["minimum_batch"]:
            public.note(f"{receipt.path}, field reports", f"is below the minimum batch of {receipt.document['minimum_batch']}")


def check_noise(public: PublicFiles) -> None:
    """Counts whose receipt states noise are not closer together than that noise leaves them."""
    for receipt in public.receipts:
        document, noise = receipt.document, receipt.document.get("noise")
        path = f"files/{document['counts']}{COUNTS_SUFFIX}"
        if noise is None or path not in public.files or not SIGMA_LEAST <= noise["sigma"] <= SIGMA_MOST:
            continue
        domain_size = document["collection"]["domain_size"]
        counts = counts_of(public.files[path], domain_size)
        support = support_of_record(document["collection"]["mechanism"], domain_size, noise)
        fault = counts if isinstance(counts, str) else noise_shortfall(counts, document["reports"], support)
        if fault:
            public.note(path, fault)


def check_links(public: PublicFiles) -> None:
    """Receipts, configurations, pools and ledger lines name each other."""
    for receipt in public.receipts:
        _configuration_link(public, receipt)
        _pool_link(public, receipt)
    _entry_links(public)
    if not public.manifest:
        return
    pools = {each.document["pool"] for each in public.receipts} | {
        each.document["base_pool"]["sha256"] for each in public.releases
    }
    if public.manifest["pool"]["sha256"] not in pools:
        public.note(f"{MANIFEST}, field pool", "is neither a release's base pool nor the pool of a receipt")


def _configuration_link(public: PublicFiles, receipt: Signed) -> None:
    document = receipt.document
    releases = [each for each in public.releases if each.document["configuration"]["sha256"] == document["release"]]
    if not releases:
        public.note(f"{receipt.path}, field release", "is the hash of no configuration that a signed release names")
        return
    data = public.files.get(releases[0].document["configuration"]["path"])
    if data is None:
        return
    configuration = json.loads(data)
    for name in ("shop", "demo", "epoch_s", "minimum_batch"):
        if document[name] != configuration[name]:
            public.note(f"{receipt.path}, field {name}", f"is {document[name]!r}, the configuration says {configuration[name]!r}")
    if document["collection"] not in configuration["collections"]:
        public.note(f"{receipt.path}, field collection", "is none of the collections of the signed configuration")


def _pool_link(public: PublicFiles, receipt: Signed) -> None:
    document, digest = receipt.document, receipt.document["pool"]
    counts = f"files/{document['counts']}{COUNTS_SUFFIX}"
    if counts not in public.files:
        public.note(counts, f"is missing; {receipt.path}, field counts, names it")
    if digest is None:
        return
    path = f"files/{digest}.json"
    if path not in public.files:
        public.note(path, f"is missing; {receipt.path}, field pool, names it")
        return
    pool = json.loads(public.files[path])
    want = {"shop": document["shop"], "demo": document["demo"], "epoch": document["epoch"], "reports": document["reports"]}
    for name, value in {**want, "collection": document["collection"]["id"]}.items():
        if pool[name] != value:
            public.note(f"{path}, field {name}", f"is {pool[name]!r}, its receipt says {value!r}")
    if counts in public.files:
        _counts_link(public, receipt, counts, path, pool)


def _counts_link(public: PublicFiles, receipt: Signed, counts_path: str, pool_path: str, pool: Document) -> None:
    """Every count and interval of the pool is the published counts' own."""
    terms = pool.get("smoothed") or [{"epoch": pool["epoch"], "counts": receipt.document["counts"], "factor": 1.0}]
    if terms[0]["counts"] != receipt.document["counts"]:
        public.note(
            f"{pool_path}, field smoothed[0].counts", f"is {terms[0]['counts']}, its receipt says {receipt.document['counts']}"
        )
        return
    parts = [_term(public, receipt.document, pool_path, place, term) for place, term in enumerate(terms)]
    known = [part for part in parts if part is not None]
    if len(known) < len(terms):
        return
    interval = summed_interval([(support, reports, factor) for _, support, reports, factor in known], pool["confidence"])
    summed = smoothed_counts([(counts, factor) for counts, _, _, factor in known])
    for name, what in pool_faults(pool, summed, interval):
        public.note(f"{pool_path}, field {name}", what)


def _term(
    public: PublicFiles, document: Document, pool_path: str, place: int, term: Document
) -> tuple[tuple[float, ...], Support, int, float] | None:
    """(counts, support, reports, factor) of one epoch of a smoothed pool, None where it is not to be believed."""
    field, path = f"{pool_path}, field smoothed[{place}]", f"files/{term['counts']}{COUNTS_SUFFIX}"
    named = [
        each.document
        for each in public.receipts
        if (each.document["epoch"], each.document["counts"]) == (term["epoch"], term["counts"])
    ]
    named.sort(key=lambda each: each["collection"]["id"] != document["collection"]["id"])  # two collections may have equal counts
    source = named[0] if named else None
    wanted = document["collection"]
    if source is None or source["epoch"] > document["epoch"]:
        public.note(field, "is the epoch and counts of no receipt up to this one")
        return None
    if any(source["collection"][name] != wanted[name] for name in ("id", "kind", "domain_size")):
        public.note(field, "is of another collection")
        return None
    if path not in public.files:
        return None  # named where the receipt's link is checked
    counts = counts_of(public.files[path], wanted["domain_size"])
    if isinstance(counts, str):
        public.note(path, counts)
        return None
    support = support_of_record(source["collection"]["mechanism"], wanted["domain_size"], source.get("noise"))
    return counts, support, source["reports"], term["factor"]


def _entry_links(public: PublicFiles) -> None:
    """One ledger line for each receipt, one receipt for each line, one of both for each bucket."""
    receipts = {each.sha256: each for each in public.receipts}
    buckets: dict[tuple[Any, ...], str] = {}
    for line in public.entries:
        entry = line.document
        bucket = (entry["release"], entry["collection"], entry["epoch"], entry["key_id"])
        if bucket in buckets:
            public.note(f"{line.path}, field epoch", f"spends the bucket of {buckets[bucket]} a second time")
        buckets[bucket] = line.path
        receipt = receipts.pop(entry["receipt"], None)
        if receipt is not None:
            _same_fields(public, line, receipt.document)
        elif entry["index"] < public.manifest.get("ledger_entries", 0):
            public.note(f"{line.path}, field receipt", f"is the hash of no receipt in files/: {entry['receipt']}")
    for left in receipts.values():
        public.note(left.path, f"has no line in {LEDGER}: a spending outside the chain")


def _same_fields(public: PublicFiles, line: Signed, receipt: Document) -> None:
    collection = receipt["collection"]
    want = {name: receipt[name] for name in ("release", "epoch", "key_id", "reports")}
    for name, value in {**want, "collection": collection["id"], "epsilon_micro": collection["epsilon_micro"]}.items():
        if line.document[name] != value:
            public.note(f"{line.path}, field {name}", f"is {line.document[name]!r}, its receipt says {value!r}")
