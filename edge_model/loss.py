"""Softmax cross-entropy of the next item, over all items or over the batch's and drawn ones."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge_model.features import Int32
from edge_model.model import encode_prefixes
from edge_model.model_math import Array, import_jax, unit
from edge_model.partition import partition_function
from edge_model.settings import Settings
from edge_model.weights import Float32


class Step(NamedTuple):
    """What one step learns from; items are places among the step's candidates."""

    inputs: dict[str, Int32]
    """int32 [B, T] each."""
    row: Int32
    column: Int32
    target: Int32
    """[M], 0 where unused: the item viewed after event `column` of window `row`."""
    weight: Float32
    """[R], how many items of the catalogue each candidate stands for."""
    category: Int32
    """[R], each candidate's category, 0 where unknown."""
    taught: Int32
    """[M, K], items drawn by a teacher's votes, 0 where it has none; K = 0 without a teacher."""
    taught_share: Float32
    """[], which part of a target they are, where there are some."""


def loss(weights: dict[str, Array], rows: Array, step: Step, key: Array, settings: Settings) -> Array:
    """Mean cross-entropy over the step's targets; `rows` float32[R, d] are the candidates' item rows.

    logit of item i = cosine / temperature, plus its gain if the session has seen it. The partition is summed without gains,
    and then the seen items' terms are put right. A target is the item viewed next, or in part what the teacher's votes drew.
    """
    jnp = import_jax().numpy
    items = unit(rows + weights["category"][step.category] if "category" in weights else rows)
    session, gains = embed_with_noise(weights, items, step.inputs, key, settings)
    queries = session[step.row, step.column] / settings.temperature  # [M, d]
    seen = step.inputs["item"][step.row]  # [M, T]
    gain = gains[step.row, step.column]  # [M, T]
    shift = 1 / settings.temperature
    total = partition_function()(queries, items, step.weight, shift)
    plain = jnp.einsum("md,mtd->mt", queries, items[seen]) - shift
    total = total + jnp.sum(jnp.exp(plain) * jnp.expm1(gain), axis=1)  # gain 0: nothing to put right
    own = jnp.sum(queries * items[step.target], axis=-1) - shift
    own = own + jnp.sum(jnp.where(seen == step.target[:, None], gain, 0), axis=1)
    if step.taught.shape[1]:
        share = step.taught_share * (step.taught[:, 0] > 0)
        own = own + share * (taught_logit(queries, items, seen, gain, step.taught) - shift - own)
    used = step.target > 0
    each = jnp.log(jnp.maximum(total, 1e-30)) - own
    return jnp.sum(jnp.where(used, each, 0)) / jnp.maximum(jnp.sum(used), 1)


def taught_logit(queries: Array, items: Array, seen: Array, gain: Array, taught: Array) -> Array:
    """Mean logit of the items that the teacher's votes drew, [M]."""
    jnp = import_jax().numpy
    plain = jnp.sum(queries * jnp.mean(items[taught], axis=1), axis=-1)
    times = jnp.mean(seen[:, :, None] == taught[:, None, :], axis=-1)  # [M, T]
    return plain + jnp.sum(jnp.where(seen > 0, gain * times, 0), axis=1)


def embed_with_noise(weights: dict[str, Array], items: Array, inputs: dict[str, Array], key: Array, settings: Settings) -> Any:
    """`encode_prefixes` with dropout of input vectors, and some items made unknown so that row 0 learns what to say."""
    jax = import_jax()
    shape = inputs["item"].shape
    drop_key, unknown_key = jax.random.split(key)
    keep = jax.random.bernoulli(drop_key, 1 - settings.dropout, (*shape, items.shape[1])) / (1 - settings.dropout)
    known = jax.random.bernoulli(unknown_key, 1 - settings.unknown_share, shape)
    return encode_prefixes(weights, items, inputs | {"item": inputs["item"] * known}, keep.astype("float32"))
