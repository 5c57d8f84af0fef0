"""The session model in JAX: a GRU over the events, attention from the last state over all states, cosine scores, and a gain for
items that the session has seen.

Every prefix of a window is computed in one pass. The event at the end of a prefix has dwell bucket 0 (the spec says so), while
later prefixes see its real dwell; so each position has two states: the one carried on, `h`, and the one read out, `r`. A test
shows that this equals encoding every prefix by itself.

Letters: B windows, T events, d dim, H hidden, A attention, F = 2H + d.
"""

from __future__ import annotations

from edge_model.model_math import Array, import_jax, unit
from edge_model.repeats import repeat_gains


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
    for name in sorted(weights):
        if name.startswith("signal_"):
            carried = carried + weights[name][inputs[name]]
    if "dwell_bucket" not in weights:
        return carried, carried
    table = weights["dwell_bucket"]
    return carried + table[inputs["dwell_bucket"]], carried + table[0]


def encode_prefixes(
    weights: dict[str, Array], items: Array, inputs: dict[str, Array], dropout: Array | None = None
) -> tuple[Array, Array]:
    """After each event: unit session embeddings [B, T, d] and the gains [B, T, T] of the session's own items.

    Position t reads events 0..t and nothing later. `inputs` are int32 [B, T]; `dropout` [B, T, d] multiplies the input vectors.
    """
    carried, read = input_vectors(weights, items, inputs)  # [B, T, d]
    if dropout is not None:
        carried, read = carried * dropout, read * dropout
    before, h = states(weights, carried)  # [B, T, H]
    r = h if read is carried else gru_cell(weights, read @ weights["gru_w"] + weights["gru_wb"], before)  # [B, T, H]
    features = read_out(weights, h, r, carried, read)  # [B, T, F]
    return unit(features @ weights["out"]), repeat_gains(weights, features, inputs["item"])


def states(weights: dict[str, Array], carried: Array) -> tuple[Array, Array]:
    """The GRU's state before and after each event, [B, T, H] each."""
    jax = import_jax()
    first = jax.numpy.zeros((carried.shape[0], weights["gru_r"].shape[0]), carried.dtype)

    def step(state: Array, x: Array) -> tuple[Array, Array]:
        return gru_cell(weights, x, state), state

    projected = carried @ weights["gru_w"] + weights["gru_wb"]  # [B, T, 3H]
    last, before = jax.lax.scan(step, first, projected.swapaxes(0, 1))  # before: [T, B, H]
    before = before.swapaxes(0, 1)
    return before, jax.numpy.concatenate([before[:, 1:], last[:, None]], axis=1)


def read_out(weights: dict[str, Array], h: Array, r: Array, carried: Array, read: Array) -> Array:
    """Attention from each r over the earlier h and itself, and what it finds there: [B, T, F]."""
    jnp = import_jax().numpy
    steps = h.shape[1]
    query = r @ weights["query"] * weights["query"].shape[1] ** -0.5  # [B, T, A]
    earlier = jnp.einsum("bta,bsa->bts", query, h @ weights["key"])  # [B, T, T]
    own = jnp.sum(query * (r @ weights["key"]), axis=-1, keepdims=True)  # [B, T, 1]
    diagonal = jnp.eye(steps, dtype=bool)
    ago = jnp.clip(jnp.arange(steps)[:, None] - jnp.arange(steps), 0)  # [T, T]
    logits = jnp.where(diagonal, own, earlier) + weights["position"][ago]
    logits = jnp.where(jnp.tril(jnp.ones((steps, steps), bool)), logits, -1e9)
    share = import_jax().nn.softmax(logits, axis=-1)  # [B, T, T]
    past, self_share = jnp.where(diagonal, 0, share), jnp.diagonal(share, axis1=1, axis2=2)[..., None]
    state = past @ h + self_share * r  # [B, T, H]
    interest = past @ carried + self_share * read  # [B, T, d]
    return jnp.concatenate([r, state, interest], axis=-1)
