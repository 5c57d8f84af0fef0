"""One tier in Chromium, measured: starts, clicks, scorings and memory. What each figure is: browser.py."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from benchmarks.browser_heap import growth, heap_kinds
from benchmarks.browser_model import Model
from benchmarks.browser_server import Server
from benchmarks.result import percentile

EVENTS, READINGS = 1_000, 12
SETTLED_MS = 4_000
"""After a first list: the rows of all other items, asked for 2 s later, have come, and all is kept."""
PAUSE_S = 0.5
WINDOW_S = 2.0
"""After a window opens: Chromium then loads its own surface, the address bar's pages among it, in a renderer beside."""
FILLED = 600
"""Events before the readings: a session keeps 512, and until then it must grow."""
NETWORKS = {"1600kbps": (1_600_000 / 8, 150), "9mbps": (9_000_000 / 8, 60)}
SCRIPT = Path(__file__).resolve().parent / "browser_page.js"
"""What the pages run: clicks, scoring of all items, and what moved or took long."""
MEMORY = "async () => (await performance.measureUserAgentSpecificMemory()).bytes"


class Tier:
    """One of the three, measured."""

    def __init__(self, name: str, browser: Browser, folder: Path | None, model: Model, runs: int) -> None:
        self.name, self.browser, self.model, self.runs = name, browser, model, runs
        self.kind = "strip" if folder is None else "intently"
        strip = model.folder if folder is None else None
        self.server, self.isolated = Server(folder, strip), Server(folder, strip, isolated=True)
        self.beside: dict[str, float] = {}
        self.sizes: dict[str, int] = {}

    @contextmanager
    def profile(self) -> Iterator[BrowserContext]:
        """A fresh profile with a window open, as a shopper has one: pages are further tabs of it."""
        with self.browser.new_context() as context:
            context.new_page()
            time.sleep(WINDOW_S)
            yield context

    def first_list(
        self, context: BrowserContext, query: str = "", cdp: Callable[[CDPSession], None] | None = None, watched: bool = True
    ) -> tuple[Page, float]:
        """A new tab, and milliseconds from its navigation to the first list in the model's order. `watched`: note each answer's
        size, which takes this program, and so the machine, some time."""
        page = context.new_page()
        page.add_init_script(path=SCRIPT)
        if cdp is not None:
            cdp(context.new_cdp_session(page))
        if watched:
            page.on("response", lambda response: self._note(response))
        time.sleep(PAUSE_S)  # the browser makes the tab
        page.goto(f"{self.server.origin}/product/7{query}")
        return page, float(page.evaluate("() => window.firstList"))

    def _note(self, response: Any) -> None:
        path = response.url.removeprefix(self.server.origin).split("?")[0]
        self.sizes.setdefault(path, int(response.headers.get("content-length", 0)))

    def cold(self, count: int, cdp: Callable[[CDPSession], None] | None = None) -> list[float]:
        """Fresh profiles."""
        times = []
        for _ in range(count):
            with self.profile() as context:
                page, ms = self.first_list(context, cdp=cdp, watched=False)
                times.append(ms)
                if cdp is None:
                    page.wait_for_timeout(300)
                    self.beside["cls"] = max(self.beside.get("cls", 0), float(page.evaluate("bench.shifts")))
                    self.beside["longest_task_ms"] = max(
                        self.beside.get("longest_task_ms", 0), float(page.evaluate("bench.longest"))
                    )
        return times

    def bytes_until_first_list(self) -> dict[str, int]:
        """Body bytes as sent, by part."""
        parts = {"script": 0, "scorer": 0, "all": 0}
        with self.profile() as context:
            self.sizes = {}
            page, _ = self.first_list(context)
            page.wait_for_timeout(200)
        for path, size in self.sizes.items():
            parts["all"] += 0 if path.endswith(".rest") else size
            if path in ("/intently/intently.js", "/intently/intently-core.js"):
                parts["script"] += size
            elif "worker" in path or path.endswith((".wasm", ".head")) or (path.endswith(".onnx")):
                parts["scorer"] += size
        return parts

    def warm_and_navigation(self, count: int) -> tuple[list[float], list[float]]:
        """New tabs of one profile, and links from page to page in one tab."""
        warm, hops = [], []
        with self.profile() as context:
            page, _ = self.first_list(context)
            page.wait_for_timeout(SETTLED_MS)
            for _ in range(count):
                page.close()
                time.sleep(PAUSE_S)  # the page before ends its own work: it is no part of this visit
                page, ms = self.first_list(context, watched=False)
                warm.append(ms)
                page.wait_for_timeout(PAUSE_S * 1000)
            for step in range(count):
                page.goto(f"{self.server.origin}/product/{11 + step}")
                hops.append(float(page.evaluate("() => window.firstList")))
        return warm, hops

    def clicks(self, count: int, slow: bool) -> dict[str, list[float]]:
        """Clicks on one page; slow: the main thread six times slower."""
        with self.profile() as context:
            page, _ = self.first_list(context, "?main" if slow and self.name == "kernel" else "")
            page.wait_for_timeout(SETTLED_MS)
            if slow:
                context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
            items = [1 + (7 * step) % 1_500 for step in range(count)]
            found: dict[str, list[float]] = page.evaluate("(asked) => bench.clicks(asked)", {"items": items, "kind": self.kind})
            return found

    def memory(self) -> list[int]:
        """Bytes of page and worker when the list is there; then, its session full, after each tenth of `EVENTS` events. Garbage
        is collected before each reading."""
        with self.profile() as context:
            page = context.new_page()
            page.add_init_script(path=SCRIPT)
            page.goto(f"{self.isolated.origin}/product/7")
            page.evaluate("() => window.firstList")
            page.wait_for_timeout(SETTLED_MS)
            cdp = context.new_cdp_session(page)
            found: list[int] = []
            for _ in range(1 if self.kind == "strip" else READINGS):
                if found:
                    count = FILLED if len(found) == 1 else EVENTS // (READINGS - 2)
                    page.evaluate("(count) => bench.events(count)", count)
                cdp.send("HeapProfiler.collectGarbage")
                found.append(int(page.evaluate(MEMORY)))
            if self.kind != "strip":
                before = heap_kinds(cdp)
                page.evaluate("(count) => bench.events(count)", EVENTS)
                grown = heap_kinds(cdp)
                self.beside |= {f"heap_growth_{kind}_bytes": grown[kind] - before[kind] for kind in ("data", "code", "native")}
            return found

    def score_all(self, runs: int) -> list[float]:
        """Milliseconds of each run over the whole catalogue."""
        if self.kind == "strip":
            return self.server.score_ms() + self.isolated.score_ms()
        count = self.model.scorer.spec.items
        names = [str(part.name) for part in self.model.scorer.spec.inputs]
        with self.profile() as context:
            page = context.new_page()
            page.add_init_script(path=SCRIPT)
            page.goto(f"{self.isolated.origin}/product/7")
            page.evaluate("() => window.firstList")
            folder = self.isolated.folder
            assert folder is not None
            urls = {file.suffix[1:]: f"/intently/files/{file.name}" for file in (folder / "files").iterdir()}
            script = "(asked) => bench.scoreKernel(asked)" if self.name == "kernel" else "(asked) => bench.scoreOnnx(asked)"
            asked = {
                "head": urls.get("head"),
                "rest": urls.get("rest"),
                "model": urls["onnx"],
                "items": count,
                "runs": runs,
                "inputs": names,
            }
            told = page.evaluate(script, asked)
        if "alone" in told:
            self.beside["score_all_without_encoder_p50_ms"] = percentile(told["alone"][20:], 0.5)
        return list(told["times"][20:])

    def measure(self) -> dict[str, float]:
        """All keys of this tier."""
        print(f"{self.name} ...", file=sys.stderr, flush=True)
        cold = self.cold(self.runs)
        warm, hops = self.warm_and_navigation(self.runs)
        clicks, slow = self.clicks(10 * self.runs, slow=False), self.clicks(5 * self.runs, slow=True)
        networks = {name: self.cold(max(2, self.runs // 4), _network(*limits)) for name, limits in NETWORKS.items()}
        parts, heap, scores = self.bytes_until_first_list(), self.memory(), self.score_all(20 * self.runs)
        self.beside |= {
            "all_bytes": parts["all"],
            "heap_most_bytes": max(heap),
            **growth(heap, EVENTS),
            "echo_p95_ms": percentile(clicks["echo"], 0.95) if clicks["echo"] else 0.0,
        }
        page_bytes = self.sizes.get("/product/7", 0) if self.kind == "strip" else 0
        return {
            "first_recommendation_bytes": parts["script"] + parts["scorer"] + page_bytes,
            "pre_idle_bytes": self.sizes.get("/intently/intently.js", 0), "scorer_bytes": parts["scorer"],
            "cold_p50_ms": percentile(cold, 0.5), "warm_p50_ms": percentile(warm, 0.5),
            "score_all_p50_ms": percentile(scores, 0.5), "score_all_p99_ms": percentile(scores, 0.99),
            "click_to_ranked_p95_ms": percentile(clicks["ranked"], 0.95),
            "click_to_paint_p95_ms": percentile(clicks["paint"], 0.95),
            "click_to_paint_6x_p95_ms": percentile(slow["paint"], 0.95), "nav_to_list_p95_ms": percentile(hops, 0.95),
            **{f"first_list_{name}_p50_ms": percentile(times, 0.5) for name, times in networks.items()}, "heap_bytes": heap[0],
        }  # fmt: skip

    def close(self) -> None:
        """End both servers."""
        self.server.close()
        self.isolated.close()


def _network(bytes_s: float, latency_ms: int) -> Callable[[CDPSession], None]:
    def limit(session: CDPSession) -> None:
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", {
            "offline": False, "latency": latency_ms, "downloadThroughput": bytes_s, "uploadThroughput": bytes_s,
        })  # fmt: skip

    return limit
