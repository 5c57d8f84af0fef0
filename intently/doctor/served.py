"""The bundle's files as they are served: there, unchanged, of the right type, compressed, cached no longer than they live."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

from contracts import sha256_hex
from intently.doctor.fetching import Client, Fetched
from intently.doctor.finding import Finding, broken, ok, slow
from intently.doctor.policy import parse_all

TYPES = {
    ".js": ("text/javascript", "application/javascript"),
    ".wasm": ("application/wasm", "application/octet-stream"),
    ".json": ("application/json", "text/plain", "application/octet-stream"),
}
"""By suffix: browsers run a module only from the first row's; wasm is compiled from bytes, so its type is a matter of taste."""
COMPRESSIBLE_BYTES = 1_400
"""Below one packet compression gains nothing."""
STALE_S = 3_600
"""A file of an unversioned name that is cached longer keeps old code before shoppers."""
DAY_S = 86_400
WORKER = "worker.js"


def check_bundle_files(client: Client, base: str) -> tuple[dict[str, Any] | None, list[Finding]]:
    """(bundle.json, findings); None where there is no bundle at `base`."""
    url = urljoin(base, "bundle.json")
    answer = client.get(url)
    try:
        about = json.loads(answer.body) if answer.status == 200 else None
        files = about["files"] if about else {}
    except (ValueError, KeyError, TypeError):
        about, files = None, {}
    if about is None:
        do = "copy the folder that `intently bundle build` made to this address, or name the right one with --base"
        return None, [broken("bundle-missing", url, got_of(answer), "the bundle's record", do)]
    found = [finding for name, stated in files.items() for finding in check_file(client.get(urljoin(base, name)), name, stated)]
    return about, found


def check_file(answer: Fetched, name: str, stated: dict[str, Any]) -> Iterator[Finding]:
    """One file of the bundle."""
    if answer.status != 200:
        do = "copy the whole folder of the bundle, under its own names, without redirects"
        yield broken("file-missing", answer.url, got_of(answer), "200", do)
        return
    if sha256_hex(answer.body) != stated["sha256"]:
        do = "switch off what rewrites scripts on the way (minifiers, injected tags), and purge caches that hold an older build"
        yield broken("file-changed", answer.url, f"sha256 {sha256_hex(answer.body)[:12]}…", f"{stated['sha256'][:12]}…", do)
    yield type_of(answer, name)
    yield from compression(answer)
    yield from caching(answer)
    yield from common(answer)
    if name.endswith(WORKER):
        yield from worker_policy(answer)


def type_of(answer: Fetched, name: str) -> Finding:
    """Whether browsers take it for what it is."""
    wanted = TYPES.get(name[name.rindex(".") :], ())
    if not wanted or answer.media_type in wanted:
        return ok("file-type", answer.url, answer.media_type)
    return broken(
        "file-type", answer.url, answer.media_type or "no Content-Type", wanted[0], "browsers refuse a module of another type"
    )


def compression(answer: Fetched) -> Iterator[Finding]:
    """Whether it came compressed."""
    if len(answer.body) >= COMPRESSIBLE_BYTES and answer.header("content-encoding") not in ("br", "gzip", "zstd"):
        do = "serve the .br files that stand beside them, or compress on the way"
        yield slow("compression", answer.url, f"{answer.line_bytes} bytes uncompressed", "Content-Encoding: br", do)


def caching(answer: Fetched) -> Iterator[Finding]:
    """Names of the bundle stay the same when its contents change."""
    seconds = answer.seconds_cached
    if seconds is not None and seconds > STALE_S:
        do = "Cache-Control: no-cache (it is asked with its ETag, and answered 304)"
        yield broken("cache-bundle", answer.url, f"cached for {seconds} s", f"at most {STALE_S} s", do)


def common(answer: Fetched) -> Iterator[Finding]:
    """What no file of ours may carry."""
    if answer.header("set-cookie"):
        do = "set no cookie below this path: it would mark who asked"
        yield broken("cookie", answer.url, "Set-Cookie", "none", do)
    varied = {word.strip().lower() for word in answer.header("vary").split(",") if word.strip()}
    if varied - {"accept-encoding", "origin"}:
        do = "answer everyone alike; caches then hold one copy"
        yield slow("vary", answer.url, f"Vary: {answer.header('vary')}", "Vary: Accept-Encoding", do)


def worker_policy(answer: Fetched) -> Iterator[Finding]:
    """A worker keeps the policy of its own response, and compiles WebAssembly under it."""
    policies = parse_all(answer.headers.get_list("content-security-policy"))
    if all(policy.allows_wasm() for policy in policies):
        yield ok("worker-policy", answer.url, "WebAssembly may be compiled")
        return
    do = "send no Content-Security-Policy with this one file, or add 'wasm-unsafe-eval' to its script-src"
    yield broken("worker-policy", answer.url, "a policy that refuses WebAssembly", "none", do)


def check_embedding(page: Fetched, worker: Fetched) -> Iterator[Finding]:
    """A page that isolates itself starts only workers that say the same."""
    policy = page.header("cross-origin-embedder-policy")
    if policy in ("require-corp", "credentialless") and worker.header("cross-origin-embedder-policy") != policy:
        do = f"send Cross-Origin-Embedder-Policy: {policy} with the worker's script too, or with neither: Intently needs none"
        yield broken("embedder-policy", worker.url, worker.header("cross-origin-embedder-policy") or "none", policy, do)


def got_of(answer: Fetched) -> str:
    """What came instead."""
    if answer.status == 0:
        return f"no answer ({answer.fault})"
    to = f" to {answer.header('location')}" if answer.header("location") else ""
    return f"{answer.status}{to}" if answer.status != 200 else f"{answer.media_type or 'no type'}, not the record"
