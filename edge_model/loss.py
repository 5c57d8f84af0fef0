"""Softmax cross-entropy over all items, or over sampled ones where the catalogue is large."""

from __future__ import annotations

from edge_model.model import Array, embed_prefixes, import_jax, unit
from edge_model.settings import Settings


def loss(
    weights: dict[str, Array],
    batch: tuple[dict[str, Array], Array, Array, Array],
    key: Array,
    negatives: Array | None,
    settings: Settings,
) -> Array:
    """Mean over the batch's targets. `negatives` are uniformly drawn items (with repetition), None for a full softmax.

    Sampled: the target's own logit stays as it is, since the target is a candidate with probability 1; the n negatives stand
    for N items and get + ln(N / n) (logQ correction of a uniform proposal); a negative that is the target is masked.
    """
    jax = import_jax()
    jnp = jax.numpy
    inputs, row, column, target = batch
    items = unit(weights["item"])
    session = _embed(weights, items, inputs, key, settings)[row, column]  # [M, d]
    candidates = items[1:] if negatives is None else items[negatives]
    logits = session @ candidates.T / settings.temperature  # [M, N]
    own = jnp.sum(session * items[target], axis=-1) / settings.temperature  # [M]
    if negatives is None:
        normalizer = jax.nn.logsumexp(logits, axis=-1)
    else:
        logits = logits + jnp.log((items.shape[0] - 1) / negatives.shape[0])
        logits = jnp.where(negatives[None] == target[:, None], -1e9, logits)
        normalizer = jnp.logaddexp(jax.nn.logsumexp(logits, axis=-1), own)
    used = target > 0
    return jnp.sum(jnp.where(used, normalizer - own, 0)) / jnp.maximum(jnp.sum(used), 1)


def _embed(weights: dict[str, Array], items: Array, inputs: dict[str, Array], key: Array, settings: Settings) -> Array:
    """`embed_prefixes` with dropout of input vectors, and some items made unknown so that row 0 learns what to say."""
    jax = import_jax()
    shape = inputs["item"].shape
    drop_key, unknown_key = jax.random.split(key)
    keep = jax.random.bernoulli(drop_key, 1 - settings.dropout, (*shape, settings.dim)) / (1 - settings.dropout)
    known = jax.random.bernoulli(unknown_key, 1 - settings.unknown_share, shape)
    return embed_prefixes(weights, items, inputs | {"item": inputs["item"] * known}, keep.astype("float32"))
