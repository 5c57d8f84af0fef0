"""What a site serves, asked as several strangers, against the reproducible build: the same code and terms for everyone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from browser_runtime import read_bundle
from contracts import MANIFEST_PATH, RELEASE_TYPE, Envelope, IntentlyError, Manifest, Release, sha256_hex
from privacy.accounting import limit_faults
from privacy.report_audit import Finding
from privacy.signing import verify

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1"
PROFILES: Mapping[str, Mapping[str, str]] = {
    "plain": {},
    "Firefox, German": {"User-Agent": FIREFOX, "Accept-Language": "de"},
    "Safari on a phone": {"User-Agent": SAFARI, "Accept-Language": "en-GB"},
    "returning, with a cookie": {"Cookie": f"session={secrets.token_hex(8)}"},
    "behind another address": {"X-Forwarded-For": "203.0.113.7", "DNT": "1", "Sec-GPC": "1"},
}
"""Headers of each stranger. Each has a connection of its own and keeps nothing."""
LIMIT_S = 30.0


@dataclass(frozen=True)
class Seen:
    """What one stranger was given."""

    bundle: dict[str, bytes]
    release: bytes
    configuration: bytes


def audit_served(
    origin: str, bundle: Path, base: str = "/intently/", extra: Mapping[str, Mapping[str, str]] | None = None
) -> list[Finding]:
    """Compare what `origin` serves below `base` with the bundle in a folder. Raises `IntentlyError` where it cannot be asked."""
    record = read_bundle(bundle)
    seen = {name: _ask(origin, base, tuple(record.files), headers) for name, headers in {**PROFILES, **(extra or {})}.items()}
    return [
        *(_code(name, {file: stated.sha256 for file, stated in record.files.items()}, each) for name, each in seen.items()),
        _alike("release", {name: each.release for name, each in seen.items()}),
        _alike("configuration", {name: each.configuration for name, each in seen.items()}),
        *_signed(next(iter(seen.values())), bytes.fromhex(record.release_key), record.demo),
    ]


def _ask(origin: str, base: str, files: tuple[str, ...], headers: Mapping[str, str]) -> Seen:
    try:
        with httpx.Client(base_url=origin, headers=dict(headers), timeout=LIMIT_S, follow_redirects=False) as client:

            def get(path: str) -> bytes:
                answer = client.get(base + path)
                if answer.status_code != 200:
                    raise IntentlyError(
                        f"{origin}{base}{path} answers {answer.status_code}, want 200; give the site's origin and --base"
                    )
                return answer.content

            code = {name: get(name) for name in files}
            manifest = Manifest.from_bytes(Envelope.from_bytes(get(MANIFEST_PATH)).payload_bytes())
            release = get(manifest.release.path)
            configuration = Release.from_bytes(Envelope.from_bytes(release).payload_bytes()).configuration
            return Seen(code, release, get(configuration.path))
    except httpx.HTTPError as error:
        raise IntentlyError(f"{origin} cannot be asked: {error}") from None


def _code(profile: str, want: Mapping[str, str], seen: Seen) -> Finding:
    wrong = [name for name, digest in want.items() if sha256_hex(seen.bundle[name]) != digest]
    what = f"{', '.join(wrong)} differ from the build" if wrong else f"{len(want)} files equal the build, byte for byte"
    return Finding(f"code, {profile}", not wrong, what)


def _alike(what: str, given: Mapping[str, bytes]) -> Finding:
    kinds = {sha256_hex(data): name for name, data in given.items()}
    if len(kinds) == 1:
        return Finding(f"{what} alike", True, f"{len(given)} strangers get {next(iter(kinds))[:12]}…")
    return Finding(f"{what} alike", False, "; ".join(f"{name} gets {digest[:12]}…" for digest, name in kinds.items()))


def _signed(seen: Seen, release_key: bytes, demo: bool) -> Iterator[Finding]:
    """The release is signed by the key that the build pins, names this configuration, and the build would act on it."""
    try:
        release = Release.from_bytes(verify(Envelope.from_bytes(seen.release), RELEASE_TYPE, release_key))
    except IntentlyError as error:
        yield Finding("release signature", False, str(error))
        return
    named = release.configuration.sha256 == sha256_hex(seen.configuration)
    yield Finding(
        "release signature", named, f"release {release.version} by the pinned key" if named else "names another configuration"
    )
    faults = limit_faults(json.loads(seen.configuration), demo)
    yield Finding(
        "limits", not faults, f"{faults[0][0]} {faults[0][1]}" if faults else "the configuration keeps the bundle's limits"
    )
