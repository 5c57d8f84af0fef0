"""The whole loop in a real Chromium: `python3 noxfile.py -s bench -- loop [--clicks N]`.

click_to_ranked    entry of the click handler to the model-ranked list on the main thread, the strip on the page included
click_to_paint     the same to the frame after the list was drawn; beside an empty round trip to a worker and to paint (echo)
server_*           what a shop would use instead: the same model under onnxruntime behind a FastAPI route on this machine, session
                   sent with each click; loopback only, so a real network adds its round trip to every one of these
first_recommendation_bytes   transferred from /intently/ in a fresh profile until the first model-ranked list
cold_start_ms      navigation to the first model-ranked list, fresh profile, median of COLD
epoch_to_pool_s    end of the epoch to the new manifest seen over HTTP, worst of EPOCHS (the relay's grace included)
"""

from __future__ import annotations

import argparse
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Route
from rich.console import Console

from benchmarks.result import percentile, publish
from benchmarks.server_side import serving
from contracts import Envelope, Manifest
from intently.configuration import DEMO
from intently.demo.check import views_of
from intently.demo.run import Running, running_demo
from intently.demo.tab import Tab, chromium, report_bytes

COLD = 5
EPOCHS = 2
CLICKS = 200

CLICK = """
  async ({ items, server }) => {
    const intently = (await import('/intently/intently.js')).currentIntently();
    const echo = new Worker('/echo-worker.js');
    const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    // The strip's list, once the model was given the item that was just clicked.
    const ranked = (item) => new Promise((done) => {
      const stop = intently.on('ranked', (list) => {
        if (list.placement !== 'product' || list.tier === 'pool') return;
        if (intently.snapshot().scoring.inputs.item.at(-1) === item) { stop(); done(); }
      });
    });
    const echoed = () => new Promise((done) => { echo.onmessage = done; echo.postMessage(0); });
    const fromServer = async (item) => {
      const events = [...intently.snapshot().events.map((event) => event.item), item].slice(-20);
      const answer = await fetch(server, { method: 'POST', body: JSON.stringify(events) });
      await answer.json();
    };
    const button = document.createElement('button');
    document.body.append(button);
    const clicked = (handler) => new Promise((done) => {
      button.onclick = async () => { const began = performance.now(); done(await handler(began)); };
      button.click();
    });
    const out = { ranked: [], paint: [], echo: [], server: [], serverPaint: [] };
    for (const item of items) {
      await clicked(async (began) => {
        const list = ranked(item);
        intently.setViewing(item);
        intently.record({ type: 'view_item', item });
        await list;
        out.ranked.push(performance.now() - began);
        await painted();
        out.paint.push(performance.now() - began);
      });
      await painted();
      await clicked(async (began) => { await echoed(); await painted(); out.echo.push(performance.now() - began); });
      await painted();
      await clicked(async (began) => {
        await fromServer(item);
        out.server.push(performance.now() - began);
        await painted();
        out.serverPaint.push(performance.now() - began);
      });
      await painted();
    }
    button.remove();
    return out;
  }
"""


def echo_worker(route: Route) -> None:
    """The emptiest worker."""
    route.fulfill(content_type="text/javascript", body="onmessage = (event) => postMessage(event.data);")


FIRST_LIST = """
  window.firstList = new Promise((done) => {
    const look = async () => {
      const bundle = customElements.get('intently-recs') && (await import('/intently/intently.js'));
      const list = bundle && bundle.currentIntently()?.snapshot().lastRanked;
      if (list && list.tier !== 'pool') done(performance.now()); else setTimeout(look, 4);
    };
    look();
  });
"""


def first_list(tab: Tab, item: int) -> float:
    """Milliseconds from navigation to a product page to the first list in the model's order."""
    tab.page.add_init_script(FIRST_LIST)
    tab.open(f"/product/{item}")
    return float(tab.page.evaluate("() => window.firstList"))


def cold_starts(running: Running) -> tuple[list[float], int]:
    """(milliseconds of each cold start, most bytes until the first list, those that the worker fetched included)."""
    times, received = [], 0
    with chromium() as profile:
        for _ in range(COLD):
            with profile() as context:
                tab = Tab(context, running.addresses.delivery)
                times.append(first_list(tab, views_of(running)[0]))
                received = max(received, sum(sizes_of(tab)))
    return times, received


def sizes_of(tab: Tab) -> list[int]:
    """Encoded body sizes of everything under /intently/ that this page and its worker received."""
    return [
        request.sizes()["responseBodySize"] for request in tab.requests if "/intently/" in request.url and request.response()
    ]  # fmt: skip


def clicks(running: Running, count: int, server: str) -> tuple[dict[str, list[float]], bytes]:
    """Milliseconds of each click, and the body of a report that left meanwhile."""
    with chromium() as profile, profile(bypass_csp=True) as context:
        tab = Tab(context, running.addresses.delivery)
        tab.page.route("**/echo-worker.js", echo_worker)
        tab.open(f"/product/{views_of(running)[0]}")
        tab.until_model()
        known = running.prepared.run.spec.items
        items = [1 + (7 * step) % min(known, 500) for step in range(count)]
        found: dict[str, list[float]] = tab.page.evaluate(CLICK, {"items": items, "server": server})
        tab.until("a report", lambda: tab.reports(), 60)
        return found, report_bytes(tab.reports()[0])


def epoch_to_pool(running: Running) -> list[float]:
    """Seconds from the end of an epoch to its pool in a manifest over HTTP."""
    url, seen = f"{running.addresses.delivery}/intently/manifest.json", None
    found: list[float] = []
    ends = time.time() + (EPOCHS + 2) * DEMO.epoch_s
    while len(found) < EPOCHS and time.time() < ends:
        with urllib.request.urlopen(url) as answer:
            pool = Manifest.from_bytes(Envelope.from_bytes(answer.read()).payload_bytes()).pool.path
        if seen is not None and pool != seen:
            found.append(time.time() % DEMO.epoch_s)
        seen = pool
        time.sleep(0.02)
    return found


def main() -> None:
    """Run the demo's processes and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=CLICKS)
    parser.add_argument("--data", type=Path)
    words = parser.parse_args()

    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(words.data, Path(folder), Console(stderr=True), budget_s=20.0) as running,
    ):
        with serving(running.prepared.run.model_path) as server:
            found, body = clicks(running, words.clicks, server)
        cold, received = cold_starts(running)
        pools = epoch_to_pool(running)
        publish("loop", {
            "click_to_ranked_p50_ms": round(percentile(found["ranked"], 0.5), 2),
            "click_to_ranked_p95_ms": round(percentile(found["ranked"], 0.95), 2),
            "echo_to_paint_p95_ms": round(percentile(found["echo"], 0.95), 2),
            "click_to_paint_p95_ms": round(percentile(found["paint"], 0.95), 2),
            "first_recommendation_bytes": received,
            "cold_start_ms": round(percentile(cold, 0.5), 1),
            "report_bytes": len(body),
            "epoch_to_pool_s": round(max(pools), 2),
            "server_click_to_ranked_p50_ms": round(percentile(found["server"], 0.5), 2),
            "server_click_to_ranked_p95_ms": round(percentile(found["server"], 0.95), 2),
            "server_click_to_paint_p95_ms": round(percentile(found["serverPaint"], 0.95), 2),
            "clicks": len(found["ranked"]), "cold_starts": len(cold), "epochs": len(pools),
            "items": running.prepared.run.card.items, "log": running.prepared.source.log.name,
        })  # fmt: skip


if __name__ == "__main__":
    main()
