"""What stands before the relay's store, off by default: anonymous tokens, or a quota for each network prefix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from aggregator.errors import AggregatorError
from aggregator.relay.admission import Admitted
from aggregator.relay.settings import RelaySettings
from aggregator.relay.store import RelayStore
from contracts import BODY_BYTES, Bucket
from privacy.errors import TokenRefused
from privacy.quota import PrefixQuota
from privacy.tokens import BODY_WITH_TOKEN_BYTES, IssuerKey, challenge, verify_token

Call = Callable[[Callable[[], bool]], Awaitable[bool]]
"""Runs a function in the store's thread."""


class NotAdmitted(Exception):
    """Status and reason."""

    def __init__(self, status: int, detail: str) -> None:
        self.status, self.detail = status, detail


class Gate:
    """Admits a request's body and gives the report in it."""

    def __init__(self, keys: tuple[IssuerKey, ...], issuer: str, quota: PrefixQuota | None) -> None:
        self._keys, self._issuer, self._quota = {key.key_id: key for key in keys}, issuer, quota
        self.body_bytes = BODY_WITH_TOKEN_BYTES if keys else BODY_BYTES
        """One length a deployment."""

    @classmethod
    def of(cls, settings: RelaySettings, admitted: Mapping[str, Admitted]) -> Gate:
        """As the settings say; raises `AggregatorError` for a key file that is none, or not what browsers are told."""
        try:
            keys = tuple(IssuerKey.from_bytes(Path(path).read_bytes()) for path in settings.token_keys)
        except (OSError, TokenRefused) as error:
            raise AggregatorError(f"token_keys: {error}") from None
        for release, rule in admitted.items():
            _agree(release[:16], rule, keys, settings.token_issuer)
        quota = PrefixQuota(settings.quota_per_prefix, settings.quota_window_s) if settings.quota_per_prefix else None
        return cls(keys, settings.token_issuer, quota)

    def check_address(self, address: str, now_s: float) -> None:
        """Raise `NotAdmitted` beyond the quota of the address's prefix; the address is forgotten with this call."""
        if self._quota is not None and not self._quota.allows(address, now_s):
            raise NotAdmitted(429, "too many reports of this network; send it again later")

    async def report_of(self, bucket: Bucket, body: bytes, store: RelayStore, call: Call) -> bytes:
        """The 56 bytes of the report, its token spent; raises `NotAdmitted`. The identical body again passes: it is a resend."""
        if not self._keys:
            return body
        report, token = body[:BODY_BYTES], body[BODY_BYTES:]
        key = self._keys.get(token[66:98])
        if key is None:
            raise NotAdmitted(403, "token: is of no issuer key of this relay")
        try:
            nonce = verify_token(token, key, challenge(self._issuer, bucket.release, bucket.epoch))
        except TokenRefused as error:
            raise NotAdmitted(403, str(error)) from None
        if not await call(partial(store.spend, bucket, nonce, report)):
            raise NotAdmitted(403, "token: is spent")
        return report


def _agree(release: str, rule: Admitted, keys: tuple[IssuerKey, ...], issuer: str) -> None:
    """Otherwise every report would be refused, and no browser would know why."""
    asked = rule.tokens
    if asked is None and keys:
        raise AggregatorError(f"configuration {release}… asks browsers for no tokens, token_keys wants them; set neither or both")
    if asked is None:
        return
    if int(asked.key, 16) not in {key.n for key in keys}:
        raise AggregatorError(f"configuration {release}… asks for tokens of a key that token_keys does not hold; add it")
    if asked.issuer != issuer:
        raise AggregatorError(f"configuration {release}… names the issuer {asked.issuer!r}, token_issuer is {issuer!r}")
