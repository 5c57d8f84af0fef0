"""What a deployment of the relay guarantees, and what it does not: `intently relay --describe`."""

from __future__ import annotations

from aggregator.relay.settings import RelaySettings

DEPLOYMENTS = {
    "own": (
        "relay and analyzer are of one operator",
        "local: ln(w / v) of each report holds against everyone, this operator included.",
        "No shuffled epsilon: the operator could keep addresses and the order of arrival. It sees which address reports when.",
    ),
    "ohttp": (
        "an OHTTP relay (RFC 9458) of another operator stands before this batcher, which is the analyzer's operator's",
        "local, as above; and the sender's address is hidden from this operator, as long as the two do not collude.",
        "No shuffled epsilon: this operator sees each report when it comes, and opens it too: no amplification is claimed.",
    ),
    "independent": (
        "this batching relay is of another operator than the analyzer, and holds no key of the shop",
        "local, as above; and shuffled: the receipts' `shuffled` epsilon holds against the analyzer's operator, in each bucket "
        "that reached its minimum.",
        "It holds as long as the two do not collude, and given that the other reports of the bucket are honest.",
    ),
}


def describe(settings: RelaySettings) -> str:
    """A few lines for a person, of the deployment that the settings name."""
    what, holds, not_claimed = DEPLOYMENTS[settings.deployment]
    carrier = settings.outbox if settings.transport == "outbox" else f"{settings.kafka_bootstrap}, topic {settings.kafka_topic}"
    lines = [
        f"deployment: {settings.deployment}: {what}",
        f"guarantees: {holds}",
        f"not claimed: {not_claimed}",
        f"keeps: sealed reports of open buckets in {settings.store}; nothing of a sender; no key of a shop, no database of one",
        f"shops: {len(settings.configurations)} configuration(s); a bucket never mixes two",
        f"hands over: to {carrier}, shuffled, once the epoch is over and the minimum is reached; a smaller bucket is dropped",
        f"oblivious HTTP: {'POST /v1/ohttp' if settings.ohttp_key else 'off'}",
    ]
    if settings.deployment != "independent":
        lines.append("analyzer: set `operators` to 1; receipts must not state `shuffled`")
    return "\n".join(lines)
