"""The session model in JAX: a GRU over the events, attention from the last state over all states, cosine scores.

Every prefix of a window is computed in one pass. The event at the end of a prefix has dwell bucket 0 (the spec says so), while
later prefixes see its real dwell; so each position has two states: the one carried on, `h`, and the one read out, `r`. A test
shows that this equals encoding every prefix by itself.

Letters: B windows, T events, d dim, H hidden, A attention.
"""

from __future__ import annotations

from typing import Any

from edge_model.errors import TrainExtraMissing

Array = Any
"""A JAX array; JAX is imported only where training happens."""


def import_jax() -> Any:
    """JAX, or `TrainExtraMissing`."""
    try:
        import jax
    except ImportError:
        raise TrainExtraMissing(
            "Training needs JAX, which is not installed here; install the train extra: pip install 'intently[train]'."
        ) from None
    return jax


def unit(vectors: Array) -> Array:
    """Vectors of length one along the last axis."""
    jax = import_jax()
    return vectors * jax.lax.rsqrt(jax.numpy.sum(vectors * vectors, axis=-1, keepdims=True) + 1e-12)


def gru_cell(weights: dict[str, Array], inputs: Array, state: Array) -> Array:
    """One step of ONNX's GRU with linear_before_reset = 1: `inputs` [..., 3H] are x W + b, `state` [..., H]."""
    jax = import_jax()
    recurrent = state @ weights["gru_r"] + weights["gru_rb"]  # [..., 3H]
    (xz, xr, xh), (hz, hr, hh) = jax.numpy.split(inputs, 3, axis=-1), jax.numpy.split(recurrent, 3, axis=-1)
    update = jax.nn.sigmoid(xz + hz)
    new = jax.numpy.tanh(xh + jax.nn.sigmoid(xr + hr) * hh)
    return (1 - update) * new + update * state  # [..., H]


def input_vectors(weights: dict[str, Array], items: Array, inputs: dict[str, Array]) -> tuple[Array, Array]:
    """What the GRU reads at each position, [B, T, d], carried on and read out; `items` are the unit item vectors."""
    scale = items.shape[-1] ** 0.5  # so that a unit vector's entries have variance one
    carried = items[inputs["item"]] * scale
    if "event_type" in weights:
        carried = carried + weights["event_type"][inputs["event_type"]]
    if "dwell_bucket" not in weights:
        return carried, carried
    table = weights["dwell_bucket"]
    return carried + table[inputs["dwell_bucket"]], carried + table[0]


def embed_prefixes(weights: dict[str, Array], items: Array, inputs: dict[str, Array], dropout: Array | None = None) -> Array:
    """Unit session embeddings [B, T, d] after each event; position t reads events 0..t and nothing later.

    `inputs` are int32 [B, T]; `dropout` [B, T, d] multiplies the input vectors.
    """
    jax = import_jax()
    jnp = jax.numpy
    carried, read = input_vectors(weights, items, inputs)  # [B, T, d]
    if dropout is not None:
        carried, read = carried * dropout, read * dropout

    def project(x: Array) -> Array:
        return x @ weights["gru_w"] + weights["gru_wb"]  # [..., 3H]

    first = jnp.zeros((carried.shape[0], weights["gru_r"].shape[0]), carried.dtype)

    def step(state: Array, x: Array) -> tuple[Array, Array]:
        return gru_cell(weights, x, state), state

    last, before = jax.lax.scan(step, first, project(carried).swapaxes(0, 1))  # before: [T, B, H], state ahead of each event
    before = before.swapaxes(0, 1)  # [B, T, H]
    h = jnp.concatenate([before[:, 1:], last[:, None]], axis=1)  # [B, T, H]
    r = h if read is carried else gru_cell(weights, project(read), before)  # [B, T, H]
    return read_out(weights, h, r, carried, read)


def read_out(weights: dict[str, Array], h: Array, r: Array, carried: Array, read: Array) -> Array:
    """Attention from each r over the earlier h and itself, then one linear layer: [B, T, d], unit length."""
    jnp = import_jax().numpy
    steps = h.shape[1]
    query = r @ weights["query"] * weights["query"].shape[1] ** -0.5  # [B, T, A]
    earlier = jnp.einsum("bta,bsa->bts", query, h @ weights["key"])  # [B, T, T]
    own = jnp.sum(query * (r @ weights["key"]), axis=-1, keepdims=True)  # [B, T, 1]
    diagonal = jnp.eye(steps, dtype=bool)
    logits = jnp.where(diagonal, own, jnp.where(jnp.tril(jnp.ones((steps, steps), bool)), earlier, -1e9))
    share = import_jax().nn.softmax(logits, axis=-1)  # [B, T, T]
    past, self_share = jnp.where(diagonal, 0, share), jnp.diagonal(share, axis1=1, axis2=2)[..., None]
    state = past @ h + self_share * r  # [B, T, H]
    interest = past @ carried + self_share * read  # [B, T, d]
    return unit(jnp.concatenate([r, state, interest], axis=-1) @ weights["out"])
