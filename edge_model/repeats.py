"""What a candidate gains from having been seen in the session: a fifth to two fifths of what is viewed next was viewed before.

The gain depends on how many events ago the item occurred last, on how often it occurred, and on the session: RepeatNet's
question "again or something new?" (Ren et al., AAAI 2019), put into the softmax as a bias instead of a mixture of two.

    gain(s | prefix of t + 1 events) = sum_k gate_k(readout) * basis[k, t - s] + count[min(occurrences, COUNTS) - 1]
    gate = readout @ repeat_gate + repeat_gate_bias                                                              [K]

It belongs to the item of event s, where s is that item's last occurrence in the prefix.
"""

from __future__ import annotations

from edge_model.model_math import Array, import_jax
from edge_model.weights import COUNTS


def repeat_gains(weights: dict[str, Array], readout: Array, items: Array) -> Array:
    """Gain float32[B, T, S] of the item of event s after event t; 0 unless s is its last occurrence up to t.

    `readout` float32[B, T, F]; `items` int32[B, T], 0 where there is no event, which gains nothing.
    """
    jnp = import_jax().numpy
    steps = items.shape[1]
    until = jnp.tril(jnp.ones((steps, steps), jnp.float32))  # [T, S]: s <= t
    same = (items[:, :, None] == items[:, None, :]).astype(jnp.float32)  # [B, S, U]
    occurrences = jnp.einsum("bsu,tu->bts", same, until)  # of the item of s up to t
    later = jnp.einsum("bsu,su,tu->bts", same, 1 - until, until)  # of it after s, up to t
    gate = readout @ weights["repeat_gate"] + weights["repeat_gate_bias"]  # [B, T, K]
    ago = jnp.clip(jnp.arange(steps)[:, None] - jnp.arange(steps), 0)  # [T, S]
    gain = jnp.einsum("btk,kts->bts", gate, weights["repeat_basis"][:, ago])
    gain = gain + weights["repeat_count"][jnp.clip(occurrences.astype(jnp.int32), 1, COUNTS) - 1]
    return jnp.where((until > 0) & (later == 0) & (items[:, None, :] > 0), gain, 0)
