"""The sum over candidates in a softmax, in two passes over blocks, so that the matrix of logits is never kept.

A step over 1,024 targets and 43,000 items would write 176 MB of logits and read them again for the gradient; in blocks they stay
in the cache. As in FlashAttention (Dao et al., NeurIPS 2022, section 3.1) the backward pass computes them a second time.
"""

from __future__ import annotations

import functools
from typing import Any

from edge_model.model_math import Array, import_jax

BLOCK = 512
"""Candidates a block; their number is a multiple of it."""


@functools.cache
def partition_function() -> Any:
    """`partition(queries, vectors, weight, shift)` -> float32[M], sum_j weight_j exp(queries_m . vectors_j - shift).

    queries [M, d], vectors [R, d], weight [R], R a multiple of `BLOCK`; `shift` is a number, at least the largest logit, so that
    nothing overflows. Differentiable by queries and vectors.
    """
    jax = import_jax()
    jnp, lax = jax.numpy, jax.lax

    def blocks(vectors: Array, weight: Array) -> tuple[Array, Array]:
        return vectors.reshape(-1, BLOCK, vectors.shape[1]), weight.reshape(-1, BLOCK)

    def forward(queries: Array, vectors: Array, weight: Array, shift: float) -> Any:
        def add(sums: Any, block: Any) -> Any:
            share = jnp.exp(queries @ block[0].T - shift) * block[1]  # [M, BLOCK]
            return (sums[0] + share.sum(axis=1), sums[1] + share @ block[0]), None

        zero = jnp.zeros(len(queries)), jnp.zeros_like(queries)
        (total, slope), _ = lax.scan(add, zero, blocks(vectors, weight))
        return total, (queries, vectors, weight, slope)

    def backward(shift: float, kept: Any, gradient: Array) -> Any:
        queries, vectors, weight, slope = kept
        scaled = queries * gradient[:, None]

        def each(_: None, block: Any) -> Any:
            share = jnp.exp(queries @ block[0].T - shift) * block[1]
            return None, lax.dot_general(share, scaled, (((0,), (0,)), ((), ())))  # [BLOCK, d]

        _, by_vector = lax.scan(each, None, blocks(vectors, weight))
        return slope * gradient[:, None], by_vector.reshape(vectors.shape), jnp.zeros_like(weight)

    partition = jax.custom_vjp(lambda *arguments: forward(*arguments)[0], nondiff_argnums=(3,))
    partition.defvjp(forward, backward)
    return partition
