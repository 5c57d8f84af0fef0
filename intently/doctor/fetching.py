"""What a browser would get: one GET, its headers, its body, and how many bytes came over the line."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

LIMIT_S = 20.0
ASKING = {"Accept-Encoding": "br, gzip", "User-Agent": "intently-doctor"}


@dataclass(frozen=True)
class Fetched:
    """An answer; `status` 0 where there was none."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    line_bytes: int
    """Length of the body as sent."""
    fault: str = ""

    def header(self, name: str) -> str:
        """Value of a header, '' for none."""
        return str(self.headers.get(name, ""))

    @property
    def media_type(self) -> str:
        """Type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def seconds_cached(self) -> int | None:
        """How long it may be used without asking; None where the server does not say."""
        words = [word.strip().lower() for word in self.header("cache-control").split(",")]
        if "no-store" in words or "no-cache" in words:
            return 0
        ages = [word.partition("=")[2] for word in words if word.startswith(("s-maxage=", "max-age="))]
        return max((int(age) for age in ages if age.isdigit()), default=None)


class Client:
    """Asks as a browser does that sends no cookie; remembers nothing."""

    def __init__(self, client: httpx.Client | None = None) -> None:
        self.http = client or httpx.Client(timeout=LIMIT_S, follow_redirects=False)

    def get(self, url: str) -> Fetched:
        """One GET; a redirect is an answer, not followed."""
        try:
            with self.http.stream("GET", url, headers=ASKING) as answer:
                body = answer.read()
                return Fetched(url, answer.status_code, answer.headers, body, answer.num_bytes_downloaded)
        except httpx.HTTPError as error:
            return Fetched(url, 0, httpx.Headers(), b"", 0, str(error) or type(error).__name__)
