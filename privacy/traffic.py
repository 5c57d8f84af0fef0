"""Traffic as an outsider sees it: what one capture must hold to, and what two captures of the same pages must have in common.

Two worlds: the same pages at the same times, one visitor looks at things and the other does not. Method, URL, query, headers,
referrer, cache validators, sizes, counts and (coarsely) times of requests must not differ. Pure; a capture is a HAR document
(HTTP Archive 1.2) of a browser, or what `intently audit traffic URL` records.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from contracts import BODY_BYTES, Bucket, IntentlyError
from privacy.errors import AuditRefused
from privacy.report_audit import Finding

TOKEN_BODY_BYTES = 410
"""Of a report with an anonymous token; one length a deployment."""
REPORT_PATH = "/v1/reports/"
TOKENS_PATH = "/v1/tokens"
TOKEN_REQUEST_BYTES = 259
IGNORED_HEADERS = frozenset({
    "host", "connection", "content-length", "accept-encoding", "user-agent", "date", "pragma", "cache-control",
    "upgrade-insecure-requests",
})  # fmt: skip
"""Set by the browser itself; the body's length is compared as such. Cookies, referrers and validators are not among them."""
APART = IGNORED_HEADERS | {"referer", "if-none-match", "if-modified-since"}
POLLED = "/manifest.json"
"""How often a manifest is polled hangs on the tab's clock, which no behaviour moves: compared as a set."""


@dataclass(frozen=True)
class Request:
    """One request, as much of it as a network or a server sees."""

    at_ms: int
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    size: int
    """Bytes of its body."""

    @property
    def path(self) -> str:
        """Without origin and query."""
        return urlsplit(self.url).path

    @property
    def is_report(self) -> bool:
        """Whether it posts a report."""
        return self.path.startswith(REPORT_PATH)

    @property
    def asks_for_token(self) -> bool:
        """Whether it asks the issuer for a token (and is no preflight)."""
        return self.path == TOKENS_PATH and self.method == "POST"

    def header(self, name: str) -> str:
        """Value, '' where absent."""
        return dict(self.headers).get(name, "")


def read_har(data: bytes, name: str) -> tuple[Request, ...]:
    """Requests of a HAR file in order; raises `AuditRefused`."""
    try:
        entries = json.loads(data)["log"]["entries"]
        return tuple(sorted((_request(entry) for entry in entries), key=lambda request: request.at_ms))
    except (ValueError, KeyError, TypeError) as error:
        raise AuditRefused(f"{name}: is no HAR document {{log: {{entries}}}}: {type(error).__name__} {error}") from None


def _request(entry: Mapping[str, Any]) -> Request:
    asked = entry["request"]
    at = datetime.fromisoformat(str(entry["startedDateTime"]).replace("Z", "+00:00")).timestamp()
    body = asked.get("bodySize", -1)
    if body < 0:
        body = len(str(asked.get("postData", {}).get("text", "")).encode())
    headers = sorted((str(each["name"]).lower(), str(each["value"])) for each in asked["headers"])
    return Request(int(1000 * at), str(asked["method"]), str(asked["url"]), tuple(headers), int(body))


def check_capture(requests: Iterable[Request], with_tokens: bool = False) -> list[Finding]:
    """What every single capture must hold to."""
    found = list(requests)
    reports = [request for request in found if request.is_report]
    want = TOKEN_BODY_BYTES if with_tokens else BODY_BYTES
    rules = [
        ("size of a report", [f"{r.url}: {r.size} bytes" for r in reports if r.size != want], f"{want} bytes each"),
        ("place of a report", [r.url for r in reports if _bucket(r) is None], "no query, the path of a bucket"),
        ("method of a report", [r.method for r in reports if r.method not in ("POST", "OPTIONS")], "POST"),
        ("no preflight", [r.url for r in reports if r.method == "OPTIONS"], "none: it loses a beacon silently"),
        ("no cookie on a report", [r.url for r in reports if r.header("cookie")], "none"),
        ("no referrer on a report", [r.header("referer") for r in reports if r.header("referer")], "none"),
        ("one report an epoch", _repeated(reports), "one bucket an epoch"),
        ("token requests", _token_requests(found, with_tokens), "259 bytes, no query or referrer, none without tokens"),
        ("bodies", [r.url for r in found if r.size and not r.is_report and _ours(r)], "only reports have a body"),
        ("validators", _validators(found), "If-None-Match names the content of a signed file, or nothing"),
    ]  # fmt: skip
    return [
        Finding(name, not wrong, f"{wrong[0]}; want {want_words}" if wrong else f"{len(reports)} reports: {want_words}")
        for name, wrong, want_words in rules
    ]


def _token_requests(found: list[Request], with_tokens: bool) -> list[str]:
    """A repeated one is a resend, or another epoch's."""
    asked = [request for request in found if request.path == TOKENS_PATH]
    if asked and not with_tokens:
        return [f"{len(asked)} token requests of a shop without tokens"]
    odd = [
        r for r in asked if urlsplit(r.url).query or r.header("referer") or (r.asks_for_token and r.size != TOKEN_REQUEST_BYTES)
    ]
    return [f"{r.method} {r.url}: {r.size} bytes" for r in odd]


def _ours(request: Request) -> bool:
    return "/intently/" in request.path


def _bucket(request: Request) -> Bucket | None:
    try:
        return None if urlsplit(request.url).query else Bucket.from_path(request.path)
    except IntentlyError:
        return None


def _repeated(reports: list[Request]) -> list[str]:
    """Epochs with reports to more than one bucket. Identical resends go to the same."""
    buckets = {(bucket.epoch, bucket) for report in reports if (bucket := _bucket(report)) is not None}
    return [f"epoch {epoch} has {count}" for epoch, count in Counter(epoch for epoch, _ in buckets).items() if count > 1]


def _validators(requests: list[Request]) -> list[str]:
    """A validator that the server chose can act as a cookie."""
    found = []
    for request in requests:
        given = request.header("if-none-match").strip('"').removeprefix('W/"')
        if _ours(request) and given and not re.fullmatch(r"(sha256-)?[0-9a-f]{64}", given):
            found.append(f"{request.path}: {given[:40]}")
        if _ours(request) and request.header("if-modified-since"):
            found.append(f"{request.path}: If-Modified-Since")
    return found


def compare(busy: Iterable[Request], idle: Iterable[Request], tolerance_ms: int = 1500) -> list[Finding]:
    """The two-world test, part by part. `tolerance_ms`: two browsers on one machine do not tick together."""
    one, other = list(busy), list(idle)
    parts: dict[str, Callable[[Request], Hashable]] = {
        "count": lambda r: (r.method, _plain(r.url)),
        "query": lambda r: (_plain(r.url), tuple(sorted(parse_qsl(urlsplit(r.url).query)))),
        "headers": lambda r: (_plain(r.url), tuple(header for header in r.headers if header[0] not in APART)),
        "referrer": lambda r: (_plain(r.url), r.header("referer")),
        "cache validators": lambda r: (_plain(r.url), r.header("if-none-match"), r.header("if-modified-since")),
        "size": lambda r: (_plain(r.url), r.size),
    }
    found = []
    for name, key in parts.items():
        left, right = _tally(one, key), _tally(other, key)
        odd = sorted(map(str, (left - right) + (right - left)))
        found.append(
            Finding(f"{name} alike", not odd, f"{len(one)} and {len(other)} requests" if not odd else f"only in one: {odd[0]}")
        )
    return [*found, _times(one, other, tolerance_ms)]


def _plain(url: str) -> str:
    """Without the query, which is a part of its own."""
    return url.split("?", 1)[0]


def _tally(requests: list[Request], key: Callable[[Request], Hashable]) -> Counter[Hashable]:
    counted = Counter(key(request) for request in requests if not request.path.endswith(POLLED))
    return counted + Counter({key(request) for request in requests if request.path.endswith(POLLED)})


def _times(one: list[Request], other: list[Request], tolerance_ms: int) -> Finding:
    """When reports left and tokens were asked for, from the first request of each capture on."""
    apart = [0]
    for tokens in (False, True):
        left, right = (_moments(each, tokens) for each in (one, other))
        if len(left) != len(right):
            what = "token requests" if tokens else "reports"
            return Finding("time alike", False, f"{len(left)} {what} against {len(right)}")
        apart += [abs(a - b) for a, b in zip(left, right, strict=True)]
    return Finding("time alike", max(apart) <= tolerance_ms, f"reports at most {max(apart)} ms apart, tolerated {tolerance_ms}")


def _moments(requests: list[Request], tokens: bool) -> list[int]:
    """Of the token requests, or of the reports: ms after the first request."""
    start = min((r.at_ms for r in requests), default=0)
    return [r.at_ms - start for r in requests if (r.asks_for_token if tokens else r.is_report)]
