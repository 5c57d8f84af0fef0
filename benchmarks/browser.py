"""Intent before the shopper looks up: `python3 noxfile.py -s bench -- browser [--model RUN] [--quick]`.

Kernel tier, onnxruntime-web and a strip that the server renders, all of one model, in one run and one Chromium.

first_recommendation_bytes   body bytes as sent (brotli) until the first list in the model's order: scripts, wasm, model; not the
                             page's own files, nor catalogue, pool and signed documents, which all tiers need (the table has all)
pre_idle_bytes               of them before the page is idle; scorer_bytes: worker, wasm and model
cold_p50_ms, warm_p50_ms     start of the navigation (performance.timeOrigin) to the event of that list, in a fresh profile, and
                             in a profile that holds runtime and model; window and empty tab were there before, as they are
                             for a shopper who types or follows a link, and no other page is at work
score_all_*                  encoder and scores of the whole catalogue, for the kernel the top 20 too; cross-origin isolated page
                             (5 us clock), one event more each time; the server's: native onnxruntime, one thread
click_to_ranked, _paint      handler's entry to the list for that click, and to the frame after; 6x: main thread slowed six times,
                             kernel on the main thread (DevTools slows no workers), onnxruntime-web in its worker
nav_to_list_p95_ms           a link to the next page of the shop until the list there knows both items
first_list_*                 cold, under 1.6 Mbps and 150 ms, and 9 Mbps and 60 ms (CDP)
heap_bytes                   performance.measureUserAgentSpecificMemory: page and worker, list there; garbage collected before
heap_growth_*                slope and standard error of a line through eleven readings over 1,000 events, the session full; data,
                             code, native: what 1,000 more add to snapshots of the page's thread (browser_heap.py)
longest_task_ms              main thread, over all cold starts
list_before_last_click       share of real sessions, by network, set and mean seconds on a page (first_list_share.py), from this
                             run's first_list_* and cold_p50
echo_to_paint_p95_ms         an empty worker's round trip and the frame after
parity_*                     real prefixes under Node: kernel's top 20 against native onnxruntime's, a tie is 1e-5 relative
feedback_gain                of benchmarks/results/feedback.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.browser_model import Model, load_model
from benchmarks.browser_parity import parity
from benchmarks.browser_shop import Keys, build_shop
from benchmarks.browser_tier import NETWORKS, Tier
from benchmarks.first_list_share import shares
from benchmarks.result import FOLDER, publish
from intently.chromium import FLAGS, find_chromium

FULL, QUICK = {"kernel": 20, "others": 8}, {"kernel": 10, "others": 4}
"""Repetitions; a first list of onnxruntime-web takes 40 s on the slow network."""
FAST_MEMORY = "--enable-blink-features=ForceEagerMeasureMemory"


def feedback_gain() -> float | None:
    """From the benchmark of the ranker's feedback, where it was run."""
    path = FOLDER / "feedback.json"
    return json.loads(path.read_text()).get("feedback_gain") if path.is_file() else None


def tiers_of(model: Model, runs: dict[str, int]) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, float]]]:
    """Figures of the three, and what was seen beside them."""
    figures, beside = {}, {}
    with tempfile.TemporaryDirectory() as held, sync_playwright() as playwright:
        keys, folder = Keys(), Path(held)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS, FAST_MEMORY])
        for name, made in (("kernel", True), ("onnxruntime_web", False), ("server_strip", None)):
            if made is not None:
                build_shop(folder / name, model, keys, kernel=made)
            tier = Tier(name, browser, None if made is None else folder / name, model, runs.get(name, runs["others"]))
            figures[name], beside[name] = tier.measure(), tier.beside
            tier.close()
        browser.close()
    return figures, beside


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--model", type=Path, help="folder with model.onnx and feature_spec.json; default: a sample of the same sizes"
    )
    parser.add_argument("--quick", action="store_true", help="few repetitions, 1,000 prefixes")
    words = parser.parse_args()
    model = load_model(words.model)
    figures, beside = tiers_of(model, QUICK if words.quick else FULL)
    prefixes, share = parity(model, 1_000 if words.quick else 10_000)
    show(figures, beside)
    seen, lists = beside["kernel"], figures["kernel"]
    came = {name: lists[f"first_list_{name}_p50_ms"] for name in NETWORKS} | {"loopback": lists["cold_p50_ms"]}
    publish("browser", {
        **figures, "echo_to_paint_p95_ms": seen["echo_p95_ms"], "parity_sessions": prefixes, "parity_top20": share,
        "feedback_gain": feedback_gain(), "list_before_last_click": shares(came), "cls": seen["cls"],
        "longest_task_ms": seen["longest_task_ms"],
        **{key: value for key, value in seen.items() if key.startswith("heap_growth")},
    })  # fmt: skip


def show(figures: dict[str, dict[str, float]], beside: dict[str, dict[str, float]]) -> None:
    """A table for people: the keys, and what was seen beside them."""
    table = Table(title="Browser: one model, three ways")
    for column in ("", *figures):
        table.add_column(column, justify="left" if not column else "right")
    for rows in (figures, beside):
        for key in rows["kernel"]:
            table.add_row(key, *(f"{rows[name].get(key, 0):,.2f}".removesuffix(".00") for name in figures))
    Console().print(table)


if __name__ == "__main__":
    main()
