"""From an exported graph to the kernel's program, node by node; what the kernel does not compute is named in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from browser_runtime.kernel import algebra, elementwise, scores, shaping
from browser_runtime.kernel.builder import Builder, refuse
from browser_runtime.kernel.dims import CANDIDATES, ONE
from browser_runtime.kernel.fold import constants_of
from browser_runtime.kernel.layout import Program
from browser_runtime.kernel.node import what
from browser_runtime.kernel.values import CandidateRows, Constant, ItemBias, Score, Tensor, Value

OPSET = 18
OUTPUTS = ("session_embedding", "scores", "purchase_probability", "leave_probability")
Lower = Callable[[Builder, onnx.NodeProto, Sequence[Value]], Value]
LOWERINGS: dict[str, Lower] = {
    **dict.fromkeys(elementwise.BINARY, elementwise.pairwise), **dict.fromkeys(elementwise.UNARY, elementwise.unary),
    **dict.fromkeys(elementwise.REDUCE, elementwise.reduce), "Where": elementwise.where, "Not": elementwise.negation,
    "Cast": elementwise.cast, "MatMul": algebra.matmul, "Gemm": algebra.gemm, "Softmax": algebra.softmax,
    "LayerNormalization": algebra.layer_norm, "Gather": algebra.gather, "Concat": shaping.concat, "Slice": shaping.slice_,
    "Transpose": shaping.transpose, "Squeeze": shaping.squeeze, "Unsqueeze": shaping.unsqueeze, "Reshape": shaping.reshape,
    "Flatten": shaping.reshape, "Shape": shaping.shape, "Range": shaping.range_, "Identity": shaping.identity,
    "Expand": shaping.expand,
}  # fmt: skip
MEET = ("Gather", "Equal", "Cast", "Unsqueeze", "Squeeze", "Reshape", "Flatten", "Identity", "Shape")
"""Operators that may read the candidates' indices: all else would make scores differ by index."""


@dataclass(frozen=True)
class Compiled:
    """A graph as the kernel's program; `constants` are all values that depend on no input, by their names in the graph."""

    program: Program
    scale: float
    item_table: str
    item_bias: str | None
    constants: dict[str, NDArray[Any]]


def compile_graph(model: onnx.ModelProto) -> Compiled:
    """Raises `NotOfTheFamily` with a sentence that names the operator."""
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    if opset != OPSET:
        refuse(f"opset {opset}: the kernel knows {OPSET}")
    unknown = [value.name for value in model.graph.output if value.name not in OUTPUTS]
    if unknown or not {"session_embedding", "scores"} <= {value.name for value in model.graph.output}:
        refuse(f"outputs {', '.join(value.name for value in model.graph.output)}: the kernel gives {', '.join(OUTPUTS)}")
    return _Compiler(model).compiled()


class _Compiler:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.constants, self.nodes = constants_of(model)
        self.b = Builder(_inputs(model))
        self.values: dict[str, Value] = dict(self.b.named)
        self.item_table = _item_table(self.nodes, self.constants)

    def compiled(self) -> Compiled:
        for node in self.nodes:
            self._lower(node)
        embedding, score = self.values.get("session_embedding"), self.values.get("scores")
        if not isinstance(embedding, Tensor) or embedding.tail or not isinstance(score, Score):
            refuse("outputs: scores are not made of candidates' rows and session_embedding")
        bias = self._session_bias(score)
        program = self.b.program(
            embedding.slot,
            None if bias is None else bias.slot,
            self._head("purchase_probability"),
            self._head("leave_probability"),
        )
        return Compiled(program, score.scale, self.item_table, score.bias.table if score.bias else None, self.constants)

    def _lower(self, node: onnx.NodeProto) -> None:
        if node.domain not in ("", "ai.onnx") or (node.op_type not in LOWERINGS and node.op_type != "GRU"):
            refuse(f"{what(node)}: the kernel does not compute it")
        operands = [self._value(node, name) for name in node.input if name or node.op_type == "GRU"]
        if node.op_type == "GRU":
            pair = algebra.gru(self.b, node, operands)
            self.values |= {name: value for name, value in zip(node.output, pair, strict=False) if name}
            return
        if any(isinstance(value, Tensor) and value.ids == "candidates" for value in operands) and node.op_type not in MEET:
            refuse(f"{what(node)}: reads the candidates' indices otherwise than to find them in the session")
        self.values[node.output[0]] = self._meeting(node, operands) or LOWERINGS[node.op_type](self.b, node, operands)

    def _meeting(self, node: onnx.NodeProto, operands: Sequence[Value]) -> Value | None:
        """Nodes at which the item table or the candidates are read."""
        if any(isinstance(value, CandidateRows | ItemBias | Score) for value in operands):
            embedding = self.values.get("session_embedding")
            return scores.scored(
                self.b, node, operands, embedding if isinstance(embedding, Tensor) else self._unnamed_embedding()
            )
        if node.op_type != "Gather" or not isinstance(operands[0], Constant) or not isinstance(operands[1], Tensor):
            return None
        data, index = operands[0], operands[1]
        of_items = node.input[0] == self.item_table
        if of_items and index.ids == "item":
            return algebra.looked_up(self.b, node, "GATHER_ITEM", index, [], data.value.shape[1:], data.value.shape[1])
        return scores.of_candidates(node, node.input[0], data, index, of_items)

    def _unnamed_embedding(self) -> Tensor | None:
        """The embedding where the graph names its output after the scores were begun: the tensor that becomes it by reshapes."""
        name = "session_embedding"
        makers = {output: node for node in self.nodes for output in node.output}
        while name in makers and makers[name].op_type in ("Squeeze", "Reshape", "Identity", "Flatten", "Unsqueeze"):
            name = makers[name].input[0]
            found = self.values.get(name)
            if isinstance(found, Tensor):
                return found
        return None

    def _value(self, node: onnx.NodeProto, name: str) -> Value:
        if name in self.values:
            return self.values[name]
        if name in self.constants:
            return Constant(self.constants[name])
        if name == "":
            return Constant(np.zeros(0, np.float32))
        refuse(f"{what(node)}: reads {name}, which nothing makes")

    def _session_bias(self, score: Score) -> Tensor | None:
        """All terms beside cosine and item bias as one tensor [C] of the tail."""
        if not score.terms:
            return None
        node = onnx.helper.make_node("Add", [], ["scores"])
        whole = score.terms[0]
        for term in score.terms[1:]:
            whole = elementwise.combined(self.b, node, "ADD", (whole, term), "float")
        flat = [dim for dim in whole.shape if dim != ONE]
        if flat == [CANDIDATES]:
            return whole
        refuse("outputs: a bias that is the same for all candidates; leave it out")

    def _head(self, name: str) -> int | None:
        if name not in {value.name for value in self.model.graph.output}:
            return None
        value = self.values.get(name)
        if not isinstance(value, Tensor) or value.tail or any(dim != ONE for dim in value.shape):
            refuse(f"output {name}: is not one number of the session")
        return value.slot


def _inputs(model: onnx.ModelProto) -> list[tuple[str, str]]:
    """Names and kinds of the session's inputs; `item` comes first."""
    kinds = {onnx.TensorProto.INT32: "int", onnx.TensorProto.INT64: "int", onnx.TensorProto.FLOAT: "float"}
    initializers = {value.name for value in model.graph.initializer}
    found = []
    for value in model.graph.input:
        kind = kinds.get(value.type.tensor_type.elem_type)
        if kind is None or len(value.type.tensor_type.shape.dim) != 1:
            refuse(f"input {value.name}: is not int32 or float32 [T]")
        if value.name not in ("candidates", *initializers):
            found.append((value.name, kind))
    if not found or found[0][0] != "item" or "candidates" not in {value.name for value in model.graph.input}:
        refuse("inputs: want item first, and candidates")
    return found


def _item_table(nodes: Sequence[onnx.NodeProto], constants: dict[str, NDArray[Any]]) -> str:
    """Name of the float table [N + 1, d] that is read by the candidates."""
    for node in nodes:
        if node.op_type == "Gather" and node.input[1] == "candidates" and constants.get(node.input[0], np.zeros(0)).ndim == 2:
            return str(node.input[0])
    refuse("operator Gather: no item table [N + 1, d] is read by candidates")
