"""The signed files as they are served: manifest, release, and what they name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import urljoin

from contracts import (
    MANIFEST_PATH,
    MANIFEST_TYPE,
    RELEASE_TYPE,
    Configuration,
    ContractError,
    Envelope,
    FileRef,
    IntentlyError,
    Manifest,
    Release,
    sha256_hex,
)  # fmt: skip
from intently.doctor.fetching import Client, Fetched
from intently.doctor.finding import Finding, broken, ok, slow
from intently.doctor.served import DAY_S, common, compression, got_of
from privacy.signing import verify

FRESH_S = 300
"""A manifest held by a cache for longer keeps withdrawn items before shoppers."""


def check_signed(
    client: Client, base: str, release_key: str, clock: Callable[[], float] = time.time
) -> tuple[Configuration | None, list[Finding]]:
    """(configuration, findings); the configuration is None where it cannot be read."""
    url = urljoin(base, MANIFEST_PATH)
    answer = client.get(url)
    if answer.status != 200:
        do = "publish with `intently release create`, and serve manifest.json and files/ below this address"
        return None, [broken("manifest-missing", url, got_of(answer), "200", do)]
    found = [*manifest_caching(answer), *common(answer)]
    try:
        envelope = Envelope.from_bytes(answer.body)
        manifest = Manifest.from_bytes(envelope.payload_bytes())
        release_bytes, more = named(client, base, manifest.release, "release")
        release = Release.from_bytes(verify(Envelope.from_bytes(release_bytes), RELEASE_TYPE, bytes.fromhex(release_key)))
        verify(envelope, MANIFEST_TYPE, bytes.fromhex(release.roles.pool))
    except (ContractError, IntentlyError) as error:
        do = "serve what `intently release` wrote, byte for byte, with the bundle of the same release key"
        return None, [*found, broken("manifest-refused", url, str(error), "signed by the bundle's key", do)]
    found += [*more, *expiry(manifest, url, clock()), *expiry(release, url, clock())]
    files = {"configuration": release.configuration, "feature spec": release.feature_spec, "model": release.model,
             "catalogue": release.catalogue, "pool": manifest.pool}  # fmt: skip
    contents = {}
    for name, ref in files.items():
        contents[name], more = named(client, base, ref, name)
        found += more
    try:
        return Configuration.from_bytes(contents["configuration"]), found
    except ContractError:
        return None, found


def expiry(document: Manifest | Release, url: str, now_s: float) -> Iterator[Finding]:
    """Whether browsers still take it."""
    kind, left = document.type, document.expires - now_s
    if left > 0:
        yield ok(f"{kind}-expiry", url, f"{left / DAY_S:.1f} days left")
        return
    do = "sign a new one: `intently release create`, or let the analyzer publish"
    yield broken(f"{kind}-expiry", url, f"expired {-left / DAY_S:.1f} days ago", "not expired", do)


def manifest_caching(answer: Fetched) -> Iterator[Finding]:
    """The one file whose name stays and whose contents change."""
    seconds = answer.seconds_cached
    if seconds is None or seconds > FRESH_S:
        got = "no Cache-Control" if seconds is None else f"cached for {seconds} s"
        do = "Cache-Control: no-cache: a cache that keeps it keeps withdrawn items before shoppers"
        yield broken("cache-manifest", answer.url, got, f"at most {FRESH_S} s", do)
    else:
        yield ok("cache-manifest", answer.url, f"cached for {seconds} s")


def named(client: Client, base: str, ref: FileRef, what: str) -> tuple[bytes, list[Finding]]:
    """A content-addressed file and findings on it; its bytes are b'' where they are not those named."""
    answer = client.get(urljoin(base, ref.path))
    if answer.status != 200 or sha256_hex(answer.body) != ref.sha256:
        got = got_of(answer) if answer.status != 200 else f"sha256 {sha256_hex(answer.body)[:12]}…"
        do = f"serve files/ as it was written (this is the {what}); no redirect, no rewriting"
        return b"", [broken("signed-file", answer.url, got, f"sha256 {ref.sha256[:12]}…", do)]
    found = [*compression(answer), *common(answer)]
    if (answer.seconds_cached or 0) < 7 * DAY_S:
        do = "Cache-Control: public, max-age=31536000, immutable: its name is its content"
        found.append(slow("cache-files", answer.url, answer.header("cache-control") or "no Cache-Control", "a year", do))
    return answer.body, found
