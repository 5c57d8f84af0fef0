"""The kernel's packer against its golden vectors, what it refuses, and the built module against its source and onnxruntime."""

from __future__ import annotations

import base64
import importlib.util
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from browser_runtime import NotOfTheFamily, Packed, pack_model
from browser_runtime.kernel.build import KERNEL, ZIGLANG, compile_kernel
from browser_runtime.kernel.layout import OPERATORS
from browser_runtime.kernel.parity import Session, kernel_tops, same_top, share_of_same_tops
from browser_runtime.kernel.sample import Sizes, sample_model

ROOT = Path(__file__).resolve().parents[2]
CASES = json.loads((ROOT / "contracts" / "vectors" / "v1" / "kernel.json").read_text())["cases"]
SMALL = Sizes(items=40, dim=16, hidden=8, attention=8, length=6)
CATEGORIES = [0] * 41


def test_three_models_pack_into_the_golden_files() -> None:
    assert len(CASES) == 3
    for case in CASES:
        packed = pack_model(base64.b64decode(case["onnx"]), case["pool"], case["categories"])
        assert packed == Packed(bytes.fromhex(case["head"]), bytes.fromhex(case["rest"])), case["name"]


def test_operators_stand_in_the_order_of_the_source() -> None:
    source = (KERNEL.parent / "source" / "program.h").read_text()
    enumeration = source[source.index("GATHER_ITEM") : source.index(", OPERATORS")]
    assert tuple(name.strip() for name in enumeration.split(",") if name.strip()) == OPERATORS


def test_module_is_what_its_source_gives_and_at_most_8_kb() -> None:
    import brotli

    assert len(brotli.compress(KERNEL.read_bytes(), quality=11)) <= 8_000
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip(f"ziglang=={ZIGLANG} is not installed here; `nox -s check` installs it and compares")
    assert compile_kernel() == KERNEL.read_bytes()


Change = Callable[[onnx.ModelProto], None]


def _node(model: onnx.ModelProto, op_type: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.op_type == op_type)


def _set(model: onnx.ModelProto, name: str, value: np.ndarray) -> None:
    held = next(value for value in model.graph.initializer if value.name == name)
    held.CopyFrom(numpy_helper.from_array(value, name))


def _another_operator(model: onnx.ModelProto) -> None:
    _node(model, "Sigmoid").op_type = "Erf"


def _gru_before(model: onnx.ModelProto) -> None:
    _node(model, "GRU").attribute[1].i = 0


def _backward(model: onnx.ModelProto) -> None:
    _node(model, "GRU").attribute.append(helper.make_attribute("direction", "reverse"))


def _float_table(model: onnx.ModelProto) -> None:
    rows = next(value for value in model.graph.initializer if value.name == "item_rows")
    rows.name = "table"
    for node in model.graph.node:
        node.input[:] = ["table" if name == "item_rows" else name for name in node.input]


def _other_lengths(model: onnx.ModelProto) -> None:
    _node(model, "ReduceL2").op_type = "ReduceL1"


def _ids_in_scores(model: onnx.ModelProto) -> None:
    last = next(node for node in model.graph.node if "scores" in node.output)
    last.output[0] = "scores_1"
    model.graph.node.extend(
        [
            helper.make_node("Cast", ["candidates"], ["ids"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["scores_1", "ids"], ["scores"]),
        ]
    )


def _other_vector(model: onnx.ModelProto) -> None:
    cosine = next(node for node in model.graph.node if "cosine" in node.output)
    model.graph.node.insert(list(model.graph.node).index(cosine), helper.make_node("Neg", ["session_embedding"], ["opposite"]))
    cosine.input[1] = "opposite"


def _older_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 17


def _zero_row(model: onnx.ModelProto) -> None:
    _set(model, "item_rows", np.zeros((41, 16), np.int8))


def _another_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("state", TensorProto.FLOAT, [1, 8]))


REFUSED: dict[str, tuple[Change, str]] = {
    "an operator that it lacks": (_another_operator, r"operator Erf \(purchase_2\): the kernel does not compute it"),
    "another GRU": (_gru_before, "operator GRU .*linear_before_reset is 0, the kernel computes 1"),
    "a GRU backwards": (_backward, "operator GRU .*direction"),
    "a float table": (_float_table, "operator Gather: the item table is no int8 rows"),
    "rows over other lengths": (_other_lengths, "operator Gather: the item table is not item_rows over their lengths"),
    "indices as numbers": (_ids_in_scores, "operator (Cast|Add).*candidates"),
    "scores of another vector": (_other_vector, "operator MatMul .*something other than session_embedding"),
    "another opset": (_older_opset, "opset 17: the kernel knows 18"),
    "an item of no length": (_zero_row, "item_rows: item 0 has no length"),
    "an output that it cannot give": (_another_output, "outputs .*state"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_kernel_does_not_compute_is_named(name: str) -> None:
    change, sentence = REFUSED[name]
    model = onnx.ModelProto.FromString(sample_model(SMALL))
    pack_model(model.SerializeToString(), [1], CATEGORIES)
    change(model)
    with pytest.raises(NotOfTheFamily, match=sentence):
        pack_model(model.SerializeToString(), [1], CATEGORIES)


def test_what_is_no_onnx_is_refused() -> None:
    with pytest.raises(NotOfTheFamily, match="not an ONNX file"):
        pack_model(b"no model", [1], CATEGORIES)


def _made_up(items: int, length: int, count: int) -> list[Session]:
    rng = random.Random(3)
    drawn = []
    for _ in range(count):
        chosen = [rng.randint(1, items) for _ in range(rng.randint(1, length))]
        again = [rng.choice(chosen) if rng.random() < 0.2 else item for item in chosen]
        zeros = [0] * len(again)
        drawn.append({"item": again, "event_type": zeros, "dwell_bucket": [rng.randint(0, 5) for _ in zeros]})
    return drawn


def _references(model: bytes, sessions: list[Session]) -> list[np.ndarray]:
    import onnxruntime

    run = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run
    items = next(v for v in onnx.ModelProto.FromString(model).graph.initializer if v.name == "item_rows").dims[0] - 1
    candidates = np.arange(1, items + 1, dtype=np.int32)
    feeds = [{name: np.array(values, np.int32) for name, values in session.items()} for session in sessions]
    return [run(["scores"], feed | {"candidates": candidates})[0] for feed in feeds]


@pytest.fixture(scope="module")
def parity() -> tuple[bytes, list[Session], list[np.ndarray]]:
    sizes = Sizes(items=2_000, dim=32, hidden=32, attention=16, length=20, heads=False)
    model = sample_model(sizes)
    sessions = _made_up(sizes.items, sizes.length, 300)
    return model, sessions, _references(model, sessions)


def _share(model: bytes, parity: tuple[bytes, list[Session], list[np.ndarray]]) -> float:
    _, sessions, references = parity
    return share_of_same_tops(kernel_tops(pack_model(model, range(1, 200), [0]), [0], sessions), references)


def test_kernel_and_onnxruntime_give_the_same_lists(parity: tuple[bytes, list[Session], list[np.ndarray]]) -> None:
    assert _share(parity[0], parity) >= 0.999


def _swapped(name: str, blocks: tuple[int, int, int], axis: int) -> Change:
    def change(model: onnx.ModelProto) -> None:
        value = numpy_helper.to_array(next(v for v in model.graph.initializer if v.name == name))
        thirds = np.split(value, 3, axis=axis)
        _set(model, name, np.concatenate([thirds[at] for at in blocks], axis=axis))

    return change


def _one_weight(model: onnx.ModelProto) -> None:
    value = numpy_helper.to_array(next(v for v in model.graph.initializer if v.name == "out")).copy()
    value[3, 5] += 0.25
    _set(model, "out", value)


@pytest.mark.parametrize(
    "fault", [_one_weight, _swapped("gru_w", (1, 0, 2), 1), _swapped("gru_r", (0, 2, 1), 1)], ids=["weight", "w", "r"]
)
def test_a_wrong_weight_or_swapped_gate_is_caught(fault: Change, parity: tuple[bytes, list[Session], list[np.ndarray]]) -> None:
    model = onnx.ModelProto.FromString(parity[0])
    fault(model)
    assert _share(model.SerializeToString(), parity) < 0.9


def test_an_off_by_one_in_the_top_is_caught(parity: tuple[bytes, list[Session], list[np.ndarray]]) -> None:
    model, sessions, references = parity
    tops = kernel_tops(pack_model(model, range(1, 200), [0]), [0], sessions[:40], count=21)
    first_left_out = replace(tops, items=tops.items[:, 1:])
    index_off = replace(tops, items=tops.items[:, :20] + 1)
    last_wrong = replace(tops, items=np.delete(tops.items, 19, axis=1))
    assert share_of_same_tops(replace(tops, items=tops.items[:, :20]), references[:40]) == 1
    for planted in (first_left_out, index_off, last_wrong):
        assert share_of_same_tops(planted, references[:40]) < 0.05


def test_a_tie_is_a_relative_difference_of_1e_5() -> None:
    reference = np.array([3.0, 2.0, 2.0 - 1e-5, 2.0 - 1e-3, 1.0])
    assert same_top(np.array([1, 3]), reference)
    assert not same_top(np.array([1, 4]), reference)
    assert not same_top(np.array([1, 1]), reference)
