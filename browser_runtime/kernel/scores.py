"""Where the candidates meet the session: cosines, biases of items, and what an item gets for occurring in the session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from browser_runtime.kernel.builder import Builder, refuse
from browser_runtime.kernel.dims import CANDIDATES, ONE
from browser_runtime.kernel.elementwise import combined
from browser_runtime.kernel.node import attribute, what
from browser_runtime.kernel.values import CandidateRows, Constant, ItemBias, Score, Tensor, Value


def scored(b: Builder, node: onnx.NodeProto, operands: Sequence[Value], embedding: Tensor | None) -> Value:
    """A node that reads candidates' rows, biases or scores."""
    if node.op_type == "MatMul":
        return _cosine(node, operands, embedding)
    if node.op_type in ("Mul", "Div"):
        return _scaled(b, node, operands)
    if node.op_type in ("Add", "Sub"):
        return _added(b, node, operands)
    if node.op_type in ("Identity", "Squeeze", "Reshape", "Flatten", "Unsqueeze") and isinstance(operands[0], Score):
        return operands[0]  # [C, 1] and [C] are one list
    refuse(f"{what(node)}: on scores the kernel knows MatMul with session_embedding, Mul and Div by constants, Add and Sub")


def of_candidates(node: onnx.NodeProto, table: str, data: Constant, index: Tensor, is_items: bool) -> Value | None:
    """Gather of the item table, or of a table of biases, by the candidates."""
    if index.ids != "candidates" or index.shape != (CANDIDATES,) or attribute(node, "axis", 0) != 0:
        return None
    if is_items:
        return CandidateRows()
    return ItemBias(table) if data.value.ndim == 1 else None


def _cosine(node: onnx.NodeProto, operands: Sequence[Value], embedding: Tensor | None) -> Score:
    left, right = operands
    if not isinstance(left, CandidateRows) or not isinstance(right, Tensor) or embedding is None or right.root != embedding.root:
        refuse(f"{what(node)}: rows of candidates times something other than session_embedding")
    return Score(1.0)


def _number(node: onnx.NodeProto, value: Value) -> float:
    if not isinstance(value, Constant) or value.value.size != 1:
        refuse(f"{what(node)}: scores times something other than one constant")
    return float(value.value.reshape(-1)[0])


def _scaled(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Score:
    score, other = operands if isinstance(operands[0], Score) else operands[::-1]
    by = _number(node, other)
    if not isinstance(score, Score) or score.bias is not None or (node.op_type == "Div" and score is not operands[0]):
        refuse(f"{what(node)}: other than scores times or over one constant, before biases of items are added")
    by = 1 / by if node.op_type == "Div" else by
    if not by > 0 or not np.isfinite(by):
        refuse(f"{what(node)}: scores times {by}")
    terms = tuple(combined(b, node, "MUL", (term, b.scalar(by)), "float") for term in score.terms)
    return Score(score.scale * by, None, terms)


def _added(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Score:
    score, other = operands if isinstance(operands[0], Score) else operands[::-1]
    if not isinstance(score, Score) or (node.op_type == "Sub" and score is not operands[0]):
        refuse(f"{what(node)}: a bias that is added to no scores")
    if isinstance(other, ItemBias) and score.bias is None and node.op_type == "Add":
        return Score(score.scale, other, score.terms)
    if isinstance(other, Tensor) and other.ids == "candidates":
        refuse(f"{what(node)}: reads the candidates' indices otherwise than to find them in the session")
    if not isinstance(other, Tensor | Constant):
        refuse(f"{what(node)}: scores and scores, or two biases of items")
    shape = [dim for dim in (other.shape if isinstance(other, Tensor) else ()) if dim != ONE]
    if shape not in ([], [CANDIDATES]) or (isinstance(other, Constant) and other.value.size != 1):
        refuse(f"{what(node)}: scores and something that is neither one number nor one for each candidate")
    sign = combined(b, node, "MUL", (other, b.scalar(1 if node.op_type == "Add" else -1)), "float")
    return Score(score.scale, score.bias, (*score.terms, sign))
