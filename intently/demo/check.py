"""`intently demo --check`: drive the running demo headless, and say which steps were seen."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from contracts import Event
from edge_model import OnnxScorer, encode, relative_error
from intently.commands.pool import read_public
from intently.demo.checklist import Checklist, Missed, want
from intently.demo.run import CLIENTS, Running
from intently.demo.tab import Tab, chromium, report_bytes, shown_order
from privacy.audit import verify_public

TOLERANCE = 1e-5
"""Relative difference allowed between the tab's scores and onnxruntime's in Python."""
UP = "relay, analyzer, delivery and the simulated clients are up"
POOL_FIRST = "the first page shows the pool's order before any model is there"
MODEL = "the session model runs in the tab"
PARITY = "after each of three product views the tab's scores equal onnxruntime's in Python, and the strip shows that order"
LENS = "the privacy lens shows the intent just computed and its milliseconds"
REPORT = "a report left the tab: 56 bytes, accepted, and the lens shows these very bytes"
CROWD = f"at least {CLIENTS:,} simulated clients reported beside the tab"
POOL = "an item that no pool held is in the private pool, and the tab fetched it within one poll"
REFUSED = "with reports refused nothing is sent and the strip still adapts"
OFFLINE = "offline after the first load the strip still adapts"
AUDIT = "the audit holds over all that was published, and names a flipped byte"
CLEAN = "no process is left behind"
STEPS = (UP, POOL_FIRST, MODEL, PARITY, LENS, REPORT, CROWD, POOL, REFUSED, OFFLINE, AUDIT, CLEAN)


def check_demo(running: Running, checklist: Checklist) -> None:
    """All steps but the last, which is only seen once everything was stopped."""
    with checklist.step(UP) as words:
        running.supervisor.check()
        words.append(", ".join(f"{child.name} {child.process.pid}" for child in running.supervisor.children))
    with chromium() as profile:
        with profile() as context:
            tab = Tab(context, running.addresses.delivery)
            _first_page(tab, checklist)
            _three_views(tab, running, checklist)
            _lens(tab, checklist)
            _report(tab, checklist)
            _crowd(tab, running, checklist)
            _private_pool(tab, running, checklist)
        with profile() as context:
            _without_reports(Tab(context, running.addresses.delivery), running, checklist)
        with profile() as context:
            _offline(Tab(context, running.addresses.delivery), running, checklist)
    _audit(running, checklist)


MODEL_FILE = re.compile(r"/files/[0-9a-f]{64}\.(head|onnx)$")
"""What a tab fetches to have a model: the kernel's head, or the whole file for onnxruntime-web."""


def _first_page(tab: Tab, checklist: Checklist) -> None:
    held: list[Any] = []
    tab.page.route(MODEL_FILE, lambda route: held.append(route))
    with checklist.step(POOL_FIRST) as words:
        tab.open()
        shown = tab.until("a filled strip", lambda: tab.strip("home"), 20)
        pool = tab.ask("intently.rankNow(null, {tier: 'pool', count: 8}).items")
        want(tab.snapshot()["status"]["tier"] == "pool", "a model was there already")
        want(shown == pool, f"the strip shows {shown}, the pool's order is {pool}")
        words.append(f"items {shown}")
    with checklist.step(MODEL) as words:
        tab.until("the model is asked for", lambda: held, 20)
        for route in held:
            route.continue_()
        tab.page.unroute(MODEL_FILE)
        tab.until_model()
        words.append(f"{tab.snapshot()['versions']['model_bytes']:,} bytes")


def views_of(running: Running, count: int = 3) -> list[int]:
    """Items of one real (or simulated) test session that can be looked at one after the other."""
    log = running.prepared.source.log
    for index in range(log.train_count, log.session_count):
        items = list(dict.fromkeys(event.item for event in log.session(index)))
        if len(items) >= count:
            return items[:count]
    raise Missed(f"no test session of {count} items")


def parity(snapshot: dict[str, Any], scorer: OnnxScorer) -> float:
    """Largest relative difference of the tab's scores from onnxruntime's over the same events."""
    events = [Event(**event) for event in snapshot["events"]]
    inputs = encode(scorer.spec, events)
    for name, values in inputs.items():
        want(snapshot["scoring"]["inputs"][name] == values.tolist(), f"input {name} differs between the two languages")
    return relative_error(snapshot["scoring"]["scores"], scorer.score(events, snapshot["scoring"]["candidates"]))


def look_at(tab: Tab, item: int, placement: str = "product") -> tuple[dict[str, Any], list[int]]:
    """View an item; (snapshot, strip) once the scoring holds it and the strip has settled on it."""

    def settled() -> tuple[dict[str, Any], list[int]] | None:
        snapshot = tab.snapshot()
        scoring = snapshot["scoring"]
        if scoring is None or scoring["inputs"]["item"][-1] != item:
            return None
        unavailable = set(tab.ask("intently.held.manifest.availability.unavailable"))
        shown = tab.strip(placement)
        return (snapshot, shown) if shown == shown_order(snapshot, unavailable, 8) else None

    tab.view(item)
    found: tuple[dict[str, Any], list[int]] = tab.until(f"the strip in the model's order after item {item}", settled, 10)
    return found


def _three_views(tab: Tab, running: Running, checklist: Checklist) -> None:
    with checklist.step(PARITY) as words:
        scorer, differences, lists = OnnxScorer(running.prepared.run.model_path), [], []
        for item in views_of(running):
            snapshot, shown = look_at(tab, item)
            differences.append(parity(snapshot, scorer))
            lists.append(shown)
            want(differences[-1] <= TOLERANCE, f"scores differ by {differences[-1]:.1e} after item {item}")
        want(lists[0] != lists[1] != lists[2], "the strip did not change")
        words.append(f"largest relative difference {max(differences):.1e}")


def _lens(tab: Tab, checklist: Checklist) -> None:
    with checklist.step(LENS) as words:
        scoring = tab.snapshot()["scoring"]
        tab.page.evaluate("() => { history.pushState(null, '', '/privacy'); dispatchEvent(new PopStateEvent('popstate')); }")
        intent = scoring["intent"][0]["name"]
        tab.until(f"{intent!r} in the lens", lambda: intent in tab.lens(), 10)
        want(" ms" in tab.lens(), "no milliseconds in the lens")
        words.append(f"{intent}, {scoring['ms']['total']:.1f} ms")


def _report(tab: Tab, checklist: Checklist) -> None:
    with checklist.step(REPORT) as words:

        def sent() -> dict[str, Any] | None:
            return next((report for report in tab.snapshot()["reports"] if report["state"] == "sent"), None)

        report = tab.until("a report is sent", sent, 60)
        request = next(each for each in tab.reports() if each.url == report["url"])
        want(report_bytes(request).hex() == report["bodyHex"], "the lens shows other bytes than the network saw")
        want(report["httpStatus"] == 202, f"the relay answered {report['httpStatus']}")
        want(len(tab.bodies()) == len(tab.reports()), "a request that is no report had a body")
        words.append(f"collection {report['collectionName']}, epsilon {report['epsilon']}")


def _state(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(running.clients_state.read_text())
    return found


def _crowd(tab: Tab, running: Running, checklist: Checklist) -> None:
    with checklist.step(CROWD) as words:
        tab.until("the simulated clients' reports", lambda: _state(running)["accepted"] >= CLIENTS, 60)
        words.append(f"{_state(running)['accepted']:,} accepted")


def _private_pool(tab: Tab, running: Running, checklist: Checklist) -> None:
    with checklist.step(POOL) as words:
        wanted = _state(running)["surge_item"]
        base = tab.ask("intently.held.release.base_pool.path")
        before = tab.ask("(await (await fetch('/intently/' + argument)).json()).items.map(entry => entry.item)", base)
        want(wanted not in before, f"item {wanted} stood in the base pool")

        def published() -> bool:
            return any(entry.item == wanted for entry in read_public(running.space.public)[2].items)

        tab.until(f"item {wanted} in the published pool", published, 60)
        began = time.monotonic()
        poll_s = tab.ask("intently.held.configuration.poll_s")
        in_tab = "intently.held.pool.items.some(entry => entry.item === argument)"
        tab.until(f"item {wanted} in the tab's pool", lambda: tab.ask(in_tab, wanted), poll_s + 1.5)
        words.append(f"item {wanted} ({_state(running)['surge_name']}), in the tab {time.monotonic() - began:.1f} s after")


def _adapts(tab: Tab, running: Running) -> str:
    first, second = views_of(running)[:2]
    before = look_at(tab, first)[1]
    after = look_at(tab, second)[1]
    want(before != after, "the strip did not change")
    return f"{len(set(after) - set(before))} of 8 items changed"


def _without_reports(tab: Tab, running: Running, checklist: Checklist) -> None:
    with checklist.step(REFUSED) as words:
        tab.open()
        tab.until("a filled strip", lambda: tab.strip("home"), 20)
        tab.ask("intently.setConsent({personalize: true, reports: false})")
        tab.until_model()
        words.append(_adapts(tab, running))
        tab.page.wait_for_timeout(12_000)
        want(not tab.bodies(), f"{len(tab.bodies())} requests had a body")


def _offline(tab: Tab, running: Running, checklist: Checklist) -> None:
    with checklist.step(OFFLINE) as words:
        tab.open()
        tab.until_model()
        tab.context.set_offline(True)
        words.append(_adapts(tab, running))


def _audit(running: Running, checklist: Checklist) -> None:
    with checklist.step(AUDIT) as words, tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(running.space.public, Path(folder) / "public"))
        report = verify_public(copy, running.prepared.release_key)
        want(report.ok, f"the audit found {report.faults[0] if report.faults else 'a fault'}")
        words.append(f"{report.ledger_entries} ledger entries")
        ledger = copy / "ledger.jsonl"
        data = bytearray(ledger.read_bytes())
        data[len(data) // 2] ^= 1
        ledger.write_bytes(bytes(data))
        tampered = verify_public(copy, running.prepared.release_key)
        want(not tampered.ok, "a flipped byte was not seen")
        words.append(f"flipped byte: {tampered.faults[0]}")


def clean_up_seen(pids: list[int], checklist: Checklist) -> None:
    """The last step, after the supervisor stopped."""
    import os

    with checklist.step(CLEAN) as words:
        for pid in pids:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                continue
            raise Missed(f"process {pid} still runs")
        words.append(f"{len(pids)} ended")


def new_checklist(console: Console) -> Checklist:
    """Every step, none seen yet."""
    return Checklist(STEPS, console)
