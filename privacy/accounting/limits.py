"""What a published bundle refuses, whoever signed it: twin of the constants in the browser's bundle. Standard library alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from privacy.accounting.local import MICRO, epsilon_micro

EPSILON_LIMIT = 8.0
EPOCH_LIMIT_S = 3600
DEMO_EPOCH_LIMIT_S = 10
CAP_LIMIT_EPSILON = 64.0
CAP_DAYS = 90
MESSAGES_LIMIT = 1 << 32
"""A message is a u32."""

Fault = tuple[str, str]
"""(field, what is wrong with it)."""


def limit_faults(configuration: Mapping[str, Any], demo_bundle: bool) -> list[Fault]:
    """Why a bundle must not act on this configuration (its parsed JSON); [] where it may.

    `demo_bundle`: whether the bundle itself was built for a demo; a published one takes no demo configuration.
    """
    try:
        return [*_scale_faults(configuration, demo_bundle), *_collections_faults(configuration["collections"])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [("configuration", f"does not follow its contract: {type(error).__name__} {error}")]


def _scale_faults(configuration: Mapping[str, Any], demo_bundle: bool) -> list[Fault]:
    demo, epoch_s, cap = configuration["demo"], configuration["epoch_s"], configuration["cap_epsilon"]
    low, high = configuration["draw_min_ms"], configuration["draw_max_ms"]
    least = DEMO_EPOCH_LIMIT_S if demo is True else EPOCH_LIMIT_S
    checks = [
        ("demo", demo is False or demo_bundle, f"is {demo}, and the bundle is a published one"),
        ("epoch_s", epoch_s >= least, f"is {epoch_s}, want at least {least}"),
        ("cap_epsilon", 0 < cap <= CAP_LIMIT_EPSILON, f"is {cap}, want above 0 and at most {CAP_LIMIT_EPSILON}"),
        ("cap_days", configuration["cap_days"] == CAP_DAYS, f"is {configuration['cap_days']}, want {CAP_DAYS}"),
        ("draw_max_ms", 0 <= low <= high < epoch_s * 1000, f"is {high}, want {low} or more and less than one epoch"),
    ]
    return [(field, what) for field, good, what in checks if not good]


def _collections_faults(collections: list[Mapping[str, Any]]) -> list[Fault]:
    found = [fault for each in collections for fault in collection_faults(each)]
    ids = [each["id"] for each in collections]
    return found if len(set(ids)) == len(ids) else [*found, ("collections", f"share an id: {ids}")]


def collection_faults(collection: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with one collection's mechanism, epsilon and share."""
    mechanism, name = collection["mechanism"], collection["name"]
    shape = mechanism_fault(mechanism, collection["domain_size"])
    if shape:
        return [(f"collections.{name}.mechanism", shape)]
    micro, epsilon = epsilon_micro(mechanism["w"], mechanism["v"]), collection["epsilon"]
    stated, share = collection["epsilon_micro"], collection["share"]
    checks = [
        ("epsilon", 0 < epsilon <= EPSILON_LIMIT, f"is {epsilon}, want above 0 and at most {EPSILON_LIMIT}"),
        ("epsilon_micro", stated == micro, f"is {stated}; ln(w / v) is {micro} millionths"),
        ("epsilon", micro <= epsilon * MICRO, f"is {epsilon}; ln(w / v) is more, {micro} millionths"),
        ("share", share >= 1, f"is {share}, want at least 1"),
    ]
    return [(f"collections.{name}.{field}", what) for field, good, what in checks if not good]


def mechanism_fault(mechanism: Mapping[str, Any], domain_size: int) -> str:
    """What is wrong with a mechanism's parameters, '' where nothing is; an unknown kind is refused, never guessed."""
    kind = mechanism.get("kind")
    if kind not in ("affine_point", "k_ary"):
        return f"is of kind {kind!r}, want affine_point or k_ary"
    w, v = mechanism["w"], mechanism["v"]
    if not 1 <= v < w <= 65535:
        return f"has weights {w} : {v}, want 65535 >= w > v >= 1"
    if domain_size < 1:
        return f"has a domain of {domain_size}, want at least 1"
    if kind == "k_ary":
        return "has more than 2^32 messages" if domain_size + 1 > MESSAGES_LIMIT else ""
    return _field_fault(mechanism["q"], mechanism["dimension"], domain_size)


def _field_fault(q: int, dimension: int, domain_size: int) -> str:
    if not 2 <= q <= 65521 or any(q % divisor == 0 for divisor in range(2, int(q**0.5) + 1)):
        return f"has q = {q}, want a prime up to 65521"
    if not 2 <= dimension <= 16:
        return f"has dimension {dimension}, want 2 to 16"
    if q**dimension <= domain_size:
        return f"has q ** dimension = {q**dimension}, want more than the domain's {domain_size}"
    return "has more than 2^32 messages" if (q**dimension - 1) // (q - 1) * q > MESSAGES_LIMIT else ""
