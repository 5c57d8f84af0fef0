"""Mechanisms, accounting and audit: `python3 noxfile.py -s bench -- privacy`; `--quick` for a small one.

Error over the optimum at the nominal epsilon beside RAPPOR, Hadamard response, k-ary response and Apple's sketch; bits and
nanoseconds of a report, the latter of the built bundle in Chromium; seconds of a decode; amplification and composition; the audit
of the built bundle and of planted faults.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import oracles
from benchmarks.result import publish
from browser_runtime import build_bundle
from intently.auditing.page import audit_page, opened
from intently.auditing.planted import FAULTS, build_planted
from intently.auditing.randomizer import audit_bundle, check_bundle_lives, collection_of, sample
from privacy.accounting import Batches, composed_epsilon, shuffled_epsilon, shuffled_epsilon_at_least
from privacy.empirical import audit_randomizer
from privacy.estimators import estimate
from privacy.mechanisms import Mechanism, choose_mechanism
from privacy.randomizer_many import randomize_many
from privacy.report_audit import Terms
from privacy.sealing import generate_keypair

D, EPSILONS, SIZES = 43_000, (1.0, 2.0, 4.0, 6.0, 8.0), (100_000, 1_000_000)
LARGE, LARGE_EPSILONS = 1_000_000, (4.0, 8.0, 6.0)
DELTA = 1e-8
AMPLIFIED = ((4.0, 100_000), (6.0, 100_000), (8.0, 1_000_000), (4.0, 10_000), (4.0, 1_000_000), (6.0, 1_000_000), (8.0, 100_000))
OURS = "affine_point"
OTHERS: dict[str, Callable[..., Any]] = {
    "rappor": oracles.rappor, "hadamard_response": oracles.hadamard, "grr": oracles.grr, "apple_cms": oracles.apple_cms,
}  # fmt: skip


def zipf(n: int, rng: np.random.Generator) -> np.ndarray:
    weights = 1 / np.arange(1, D + 1)
    return rng.choice(D, size=n, p=weights / weights.sum()) + 1


def ours(values: np.ndarray, d: int, epsilon: float, rng: np.random.Generator) -> np.ndarray:
    mechanism = choose_mechanism(d, epsilon)
    return estimate(mechanism, randomize_many(mechanism, values, rng)).counts


def errors(sizes: tuple[int, ...], epsilons: tuple[float, ...]) -> dict[str, Any]:
    """n MSE / (4 e^eps / (e^eps - 1)^2), over all d values of a Zipf law."""
    found: dict[str, Any] = {name: {f"{e:g}": {} for e in epsilons} for name in (OURS, *OTHERS)}
    for n in sizes:
        for epsilon in epsilons:
            rng = np.random.default_rng(int(n + 10 * epsilon))
            values = zipf(n, rng)
            truth, optimum = np.bincount(values, minlength=D + 1), 4 * math.exp(epsilon) / (math.exp(epsilon) - 1) ** 2 * n
            for name, oracle in {OURS: ours, **OTHERS}.items():
                counts = oracle(values, D, epsilon, rng)
                found[name][f"{epsilon:g}"][str(n)] = round(float(((counts - truth) ** 2).mean()) / optimum, 3)
            print(
                f"  n = {n:>9,}, epsilon {epsilon:g}: " + ", ".join(f"{k} {found[k][f'{epsilon:g}'][str(n)]}" for k in found),
                flush=True,
            )
    return found


def report_bits() -> dict[str, Any]:
    bits = {OURS: {f"{e:g}": math.ceil(math.log2(choose_mechanism(D, e).messages)) for e in EPSILONS}}
    bits["rappor"] = dict.fromkeys(bits[OURS], D + 1)
    bits["hadamard_response"] = {f"{e:g}": oracles.hadamard_bits(D, e) for e in EPSILONS}
    bits["grr"] = dict.fromkeys(bits[OURS], math.ceil(math.log2(D + 1)))
    bits["apple_cms"] = dict.fromkeys(bits[OURS], oracles.CMS_COLUMNS + 8)
    return bits


def decoded(d: int, epsilon: float, n: int) -> tuple[float, float]:
    """(CPU seconds, GiB at the peak beyond what stood before) of one window; wall seconds on an idle core are the same."""
    mechanism, rng = choose_mechanism(d, epsilon), np.random.default_rng(1)
    messages = randomize_many(mechanism, rng.integers(0, d + 1, size=n), rng)
    tracemalloc.start()
    estimate(mechanism, messages)
    peak = tracemalloc.get_traced_memory()[1] / 2**30
    tracemalloc.stop()
    began = time.process_time()
    estimate(mechanism, messages)
    return time.process_time() - began, peak


def decodes(quick: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for d, epsilons in ((D, EPSILONS), *(() if quick else ((LARGE, LARGE_EPSILONS),))):
        for epsilon in epsilons:
            seconds, gib = decoded(d, epsilon, 200_000)
            found.setdefault(str(d), {})[f"{epsilon:g}"] = round(seconds, 3)
            print(f"  d = {d:,}, epsilon {epsilon:g}: {seconds:.2f} s, {gib:.2f} GiB")
    return found


def amplification() -> dict[str, float]:
    found: dict[str, float] = {}
    for epsilon, n in AMPLIFIED:
        mechanism = choose_mechanism(D, epsilon)
        words = (mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision, n)
        began = time.process_time()
        upper, lower = shuffled_epsilon(*words, DELTA), shuffled_epsilon_at_least(*words, DELTA)
        year = composed_epsilon([Batches(*words, 365)], DELTA)
        found[f"{epsilon:g}@{n}"] = round(math.ceil(upper * 1e4) / 1e4, 4)
        found[f"{epsilon:g}@{n} at least"] = round(math.floor(lower * 1e4) / 1e4, 4)
        found[f"{epsilon:g}@{n} 365 epochs"] = round(math.ceil(year * 1e3) / 1e3, 3)
        print(f"  {epsilon:g}@{n}: {lower:.4f} to {upper:.4f}, 365 epochs {year:.3f}; {time.process_time() - began:.2f} s in all")
    return found


def caught(fault: Any, browser: Any, mechanism: Mechanism, epsilon: float, draws: int) -> list[str]:
    """Names of what gives a planted fault away."""
    with tempfile.TemporaryDirectory() as folder, audit_page(build_planted(fault, Path(folder)), browser) as page:
        collection = collection_of(mechanism, epsilon)
        names = [f.name for f in check_bundle_lives(page, Terms(collection, "audit", False, *generate_keypair())) if not f.ok]
        if draws:
            bound = audit_randomizer(mechanism, lambda value, n: sample(page, collection, value, n), 1, 7, draws)
            names += [f"lower bound {bound.lower_violation:.3f} above {bound.claimed:.3f}"] if bound.violated else []
        return names


def audit(bundle: Path, browser: Any, draws: int) -> dict[str, Any]:
    report = audit_bundle(bundle, draws=draws, python_draws=100_000, browser=browser)
    print(f"  built bundle: {report.shipped}; nothing else wrong: {report.ok}")
    mechanism, found = choose_mechanism(2_000, 4.0), 0
    for fault in FAULTS:
        statistical = 400_000 if fault.name in ("weight +25 %", "8-bit randomness") else 0
        names = caught(fault, browser, mechanism, 4.0, min(draws, statistical))
        found += bool(names)
        print(f"  {fault.name}: {', '.join(names) or 'NOT CAUGHT'}", flush=True)
    return {
        "claimed": round(report.shipped.claimed, 6), "lower_bound": round(report.shipped.lower, 6),
        "planted_faults_caught": found, "planted_faults": len(FAULTS),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="one batch size, 400,000 draws, no million items")
    quick = parser.parse_args().quick
    print("error over the optimum, d = 43,000")
    mse = errors(SIZES[:1] if quick else SIZES, EPSILONS)
    by_map, flipped, want = oracles.opendp_rappor_flips(D, 4.0, 10 if quick else 40)
    print(f"  OpenDP's RAPPOR: map {by_map:.6f} at nominal 4, flips {flipped:.5f} of the bits, ours {want:.5f}")
    print("decode, one window of 200,000 reports")
    decode_s = decodes(quick)
    print("shuffled epsilon at delta 1e-8")
    amplified = amplification()
    with tempfile.TemporaryDirectory() as folder, opened(None) as browser:
        bundle = Path(folder)
        build_bundle(bundle, "ab" * 32, "bench", demo=False)
        with audit_page(bundle, browser) as page:
            documents = {f"{e:g}": collection_of(choose_mechanism(D, e), e).model_dump(mode="json") for e in EPSILONS}
            client_ns = {name: round(page.call("timed", document, 50_000, 5)) for name, document in documents.items()}
        print(f"client ns a report in Chromium: {client_ns}\naudit of the built bundle, epsilon 8")
        audited = audit(bundle, browser, 400_000 if quick else 4_000_000)
    publish("privacy", {
        "mse_over_optimum": mse, "report_bits": report_bits(), "client_ns": client_ns, "decode_s": decode_s,
        "amplification": amplified, "audit": audited,
    })  # fmt: skip


if __name__ == "__main__":
    main()
