"""What the tracker costs a page: `python3 noxfile.py -s bench -- tracker [--quick]`.

full_bytes, smallest_bytes   brotli-11, one minified file: all sensors, session over tabs, consent core; the least useful tracker
peers                        the published browser bundles of others from npm, fetched and compressed in this run
cpu_ms_per_1000_events       main thread's time to record 1,000 events, buffer full, with storing and telling other tabs
inp_delta_ms                 median over paired runs of INP with the tracker less INP without, on 500 products scrolled hard
lazy_bytes                   transfer, the shopper's view, the overlay: fetched only where asked for
lcp, cls, tbt                as inp_delta_ms, with the values of both
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tarfile
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli
from playwright.sync_api import BrowserContext, CDPSession, Page

from benchmarks.result import publish
from intently.demo.tab import chromium

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 5
PRODUCTS = 500
STEPS = 12
EVENTS = 1000
SLOWDOWN = 4
"""CPU throttling of the paired runs, so that a small cost shows."""

FULL = """
export { SENSORS } from './tracker/src/sensors';
export { startTracker } from './tracker/src/tracker';
export { tabsOn } from './tracker/src/tabs';
export { consentMode } from './tracker/src/consent_mode';
export { decided, modeOf } from './tracker/src/consent';
"""
SMALLEST = """
export { startTracker } from './tracker/src/tracker';
export { clicks } from './tracker/src/sensors/clicks';
"""
PAGE = """
import { SENSORS } from './tracker/src/sensors';
import { startTracker } from './tracker/src/tracker';
import { tabsOn } from './tracker/src/tabs';
window.tracker = startTracker({
  now: () => Date.now(), monotonic: () => performance.now(), storage: sessionStorage, root: document, sensors: SENSORS, mode: 2,
  tabs: tabsOn(() => new BroadcastChannel('bench'), 7), onEvent: () => {}, onSignal: () => {},
});
"""
LAZY = {
    "transfer": "browser_runtime/src/transfer/entry.ts",
    "privacy": "browser_runtime/src/elements/lens.ts",
    "overlay": "browser_runtime/src/overlay.ts",
}
PEERS = {
    "web-vitals": "dist/web-vitals.js",
    "plausible": "@plausible-analytics/tracker plausible.js",
    "snowplow": "@snowplow/browser-tracker dist/index.umd.min.js",
    "posthog": "posthog-js dist/array.js",
}
"""Name -> `package file`, or the file of the package of that name: what the project tells a site to load."""


def esbuild(source: str | Path, out: Path) -> bytes:
    """Minified ES module of a source text (read in the repository's root) or file."""
    command = [
        str(ROOT / "node_modules/.bin/esbuild"),
        "--bundle",
        "--format=esm",
        "--minify",
        "--target=es2022",
        f"--outfile={out}",
    ]
    text = None
    if isinstance(source, Path):
        command.append(str(source))
    else:
        command += ["--loader=ts", "--sourcefile=entry.ts"]
        text = source
    subprocess.run([*command, "--log-level=error"], cwd=ROOT, input=text, text=True, check=True, timeout=60)
    return out.read_bytes()


def compressed(data: bytes) -> int:
    return len(brotli.compress(data, quality=11))


def peer_bytes(folder: Path) -> dict[str, int]:
    """Brotli-11 of each peer's published file, from its npm package of today; a peer that cannot be had is left out by name."""
    found = {}
    for name, words in PEERS.items():
        package, path = words.split(" ") if " " in words else (name, words)
        packed = subprocess.run(
            ["npm", "pack", package, "--silent", "--pack-destination", str(folder)],
            capture_output=True, text=True, timeout=180, cwd=folder,
        )  # fmt: skip
        if packed.returncode != 0:
            print(f"tracker: {package} could not be had from npm: {packed.stderr.strip()[:120]}", flush=True)
            continue
        with tarfile.open(folder / packed.stdout.strip().splitlines()[-1]) as tar:
            version = json.loads(tar.extractfile("package/package.json").read())["version"]  # type: ignore[union-attr]
            data = tar.extractfile(f"package/{path}").read()  # type: ignore[union-attr]
        found[name] = compressed(data)
        print(f"{name} {version} {path}: {len(data)} B, brotli {found[name]} B", flush=True)
    return found


PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'%3E"
    "%3Cpath fill='%23b45309' d='M0 0h4v4H0z'/%3E%3C/svg%3E"
)
PRODUCT = (
    '<li data-intently-item="{n}"><a href="#p{n}"><img src="' + PICTURE + '" width="160" height="160" alt=""><b>Product {n}</b>'
    "<span>Some words of description that wrap over lines</span></a><button>Add</button></li>"
)
WATCH = """
  window.shifts = 0; window.paint = 0; window.blocked = 0; window.delays = new Map();
  const watch = (type, act, more) =>
    new PerformanceObserver((list) => list.getEntries().forEach(act)).observe({ type, buffered: true, ...more });
  watch('layout-shift', (entry) => { if (!entry.hadRecentInput) shifts += entry.value; });
  watch('largest-contentful-paint', (entry) => { paint = entry.startTime; });
  watch('longtask', (entry) => { blocked += Math.max(0, entry.duration - 50); });
  watch('event', ({ interactionId, duration }) => {
    if (interactionId) delays.set(interactionId, Math.max(duration, delays.get(interactionId) ?? 0));
  }, { durationThreshold: 16 });
  document.addEventListener('click', (e) => { if (e.target.localName === 'button') e.target.textContent = 'Added'; });
"""


def html(with_tracker: bool) -> str:
    items = "".join(PRODUCT.format(n=n) for n in range(1, PRODUCTS + 1))
    script = '<script type="module" src="/tracker.js"></script>' if with_tracker else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>500 products</title><link rel=icon href='data:,'>"
        "<style>ul{display:grid;grid-template-columns:repeat(4,1fr);gap:1rem;list-style:none}li span{display:block}</style>"
        f"<script>{WATCH}</script>{script}<h1>Products</h1><ul data-intently-list=shelf>{items}</ul></html>"
    )


def serve(script: bytes) -> ThreadingHTTPServer:
    """`/with`, `/without` and the script."""
    answers = {"/tracker.js": (script, "text/javascript"), "/with": (html(True).encode(), "text/html")}
    answers["/without"] = (html(False).encode(), "text/html")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None: ...

        def do_GET(self) -> None:
            body, kind = answers.get(self.path, (b"", "text/plain"))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    return http


def scrolled_hard(page: Page, session: CDPSession, url: str) -> dict[str, float]:
    """INP (the worst interaction of `STEPS`), LCP, CLS, TBT and the main thread's task time of one visit."""
    page.goto(url)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    session.send("Performance.enable")
    for step in range(STEPS):
        for _ in range(3):
            page.mouse.wheel(0, 900 if step % 5 else -700)
            page.wait_for_timeout(30)
        page.mouse.click(640, 400)
        page.wait_for_timeout(40)
    page.wait_for_timeout(1200)  # impressions of what stands
    values: dict[str, float] = page.evaluate(
        "() => ({ inp: Math.max(0, ...delays.values()), lcp: paint, cls: shifts, tbt: blocked, interactions: delays.size })"
    )
    metrics = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    values["task_ms"] = metrics["TaskDuration"] * 1000
    values["script_ms"] = metrics["ScriptDuration"] * 1000
    return values


def paired(context: BrowserContext, origin: str, pairs: int) -> dict[str, list[tuple[float, float]]]:
    """For each measure the pairs (without, with); which goes first alternates."""
    found: dict[str, list[tuple[float, float]]] = {}
    for pair in range(pairs):
        values = {}
        for kind in ("without", "with") if pair % 2 else ("with", "without"):
            page = context.new_page()
            values[kind] = scrolled_hard(page, context.new_cdp_session(page), f"{origin}/{kind}")
            page.close()
        print(f"pair {pair + 1} of {pairs}: {values}", flush=True)
        for name in values["with"]:
            found.setdefault(name, []).append((values["without"][name], values["with"][name]))
    return found


RECORD = """
  (count) => {
    const types = ['view_item', 'view_item_list', 'view_item_list', 'view_item_list', 'select_item'];
    for (let n = 0; n < 600; n++) tracker.record({ type: types[n % 5], item: 1 + n % 400 });
    const began = performance.now();
    for (let n = 0; n < count; n++) tracker.record({ type: types[n % 5], item: 1 + n % 400 });
    return performance.now() - began;
  }
"""


def cpu(context: BrowserContext, origin: str) -> float:
    """Milliseconds for 1,000 events, median of 5; no throttling. Each act is encoded, stored and told."""
    page = context.new_page()
    page.goto(f"{origin}/with")
    found = statistics.median(float(page.evaluate(RECORD, EVENTS)) for _ in range(5))
    page.close()
    return found


def main() -> None:
    """Sizes, then the browser."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two pairs")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        full, smallest = (compressed(esbuild(text, folder / "out.js")) for text in (FULL, SMALLEST))
        lazy = {part: compressed(esbuild(ROOT / file, folder / "out.js")) for part, file in LAZY.items()}
        peers = peer_bytes(folder)
        http = serve(esbuild(PAGE, folder / "page.js"))
        try:
            with chromium() as profile, profile(viewport={"width": 1280, "height": 800}) as context:
                origin = f"http://127.0.0.1:{http.server_port}"
                spent = cpu(context, origin)
                pairs = paired(context, origin, 2 if words.quick else words.pairs)
        finally:
            http.shutdown()
    deltas = {name: statistics.median(b - a for a, b in both) for name, both in pairs.items()}
    for name, both in pairs.items():
        print(f"{name}: without, with {[(round(a, 3), round(b, 3)) for a, b in both]}", flush=True)
    publish("tracker", {
        "full_bytes": full, "smallest_bytes": smallest, "peers": peers, "cpu_ms_per_1000_events": round(spent, 2),
        "inp_delta_ms": round(deltas["inp"], 2), "lcp_delta_ms": round(deltas["lcp"], 2), "cls_delta": round(deltas["cls"], 5),
        "tbt_delta_ms": round(deltas["tbt"], 2), "task_delta_ms": round(deltas["task_ms"], 1), "pairs": len(pairs["inp"]),
        "products": PRODUCTS, "throttling": SLOWDOWN, "lazy_bytes": lazy,
    })  # fmt: skip


if __name__ == "__main__":
    main()
