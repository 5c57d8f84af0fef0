"""The kernel's two files, `head` and `rest`: little-endian, no padding, trailing bytes refused.

    head                                         rest
    offset  width                                offset  width
    0       4      "INTH"                        0       4      "INTR"
    4       2      u16 layout, 1                 4       2      u16 layout, 1
    6       2      u16 d, entries of a vector    6       2      u16 d
    8       32     SHA-256 of the ONNX file      8       32     SHA-256 of the ONNX file
    40      4      u32 N, items                  40      4      u32 count = N - H
    44      2      u16 M, codes an item; 0: int8 44      ...    stored rows of the items that head lacks, ascending
    46      2      u16 L, most events            ...     count  int8 biases, if head has a bias unit
    48      4      f32 scale of the cosine
    52      4      f32 unit of item biases; 0: none
    56      2      u16 I, inputs
    58      2      u16 K, constants
    60      2      u16 slots
    62      2      u16 instructions of the session
    64      2      u16 instructions of the tail
    66      8      4 x u16 slot of embedding, session bias, purchase, leave; 65535: none
    74      2 + n  u16 n, names of the inputs in order, ASCII, joined by commas
    K times 6 + n  u16 type (0 float32, 1 float16), u16 rows, u16 columns, values
    each    20     instruction: u16 operator, u16 result slot, 4 x u16 operand slots (0 where unused), 4 x i16 arguments
            2      u16 G, categories
            4      u32 H, items of head
            4 H    u32 item, ascending
            256 d  int8 centroids [M, 256, d / M], if M > 0
            ...    stored rows of the unknown item, G categories, H items; each M codes or d int8
            1+G+H  int8 biases of the same, if there is a bias unit

Slots: inputs [1, T], candidates [1, C], constants, results. An item's vector is its int8 row divided by the row's length.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LAYOUT = 1
NONE = 0xFFFF
MOST_SLOTS = 1024
OPERATORS = (
    "GATHER_ITEM", "GATHER", "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "EQUAL", "GREATER", "LESS", "POW", "WHERE",
    "MATMUL", "GRU", "CONCAT_COLUMNS", "CONCAT_ROWS", "SLICE_ROWS", "SLICE_COLUMNS", "TRANSPOSE", "RESHAPE", "SIGMOID", "TANH",
    "RELU", "SQRT", "EXP", "LOG", "NEG", "ABS", "TRUNC", "SOFTMAX", "LAYER_NORM", "REDUCE_L2", "REDUCE_SUM", "REDUCE_MAX",
    "REDUCE_MEAN", "RANGE",
)  # fmt: skip
"""The kernel's own, in the order of program.h."""

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8] | NDArray[np.uint8]


@dataclass(frozen=True)
class Instruction:
    """One step of a program: `out` and `operands` are slots, `arguments` the constants of slices and shapes."""

    operator: str
    out: int
    operands: tuple[int, ...]
    arguments: tuple[int, ...] = ()

    def to_bytes(self) -> bytes:
        """20 bytes."""
        operands, arguments = (*self.operands, 0, 0, 0, 0)[:4], (*self.arguments, 0, 0, 0, 0)[:4]
        return struct.pack("<6H4h", OPERATORS.index(self.operator), self.out, *operands, *arguments)


@dataclass(frozen=True)
class Program:
    """The encoder. `inputs` are names in the order of their slots; `constants` follow the slot of the candidates."""

    inputs: tuple[str, ...]
    constants: tuple[Floats, ...]
    session: tuple[Instruction, ...]
    tail: tuple[Instruction, ...]
    slots: int
    embedding: int
    session_bias: int = NONE
    purchase: int = NONE
    leave: int = NONE


@dataclass(frozen=True)
class Items:
    """Stored rows [N + 1, width], row 0 the unknown item's; `categories` [G, width] likewise. `centroids` None: int8 rows."""

    rows: Bytes
    categories: Bytes
    centroids: NDArray[np.int8] | None
    dim: int
    bias: NDArray[np.int8] | None
    category_bias: NDArray[np.int8] | None
    bias_unit: float


def head_bytes(program: Program, items: Items, chosen: Sequence[int], model_sha256: bytes, length: int, scale: float) -> bytes:
    """`head` with the rows of the items `chosen` (ascending)."""
    names = ",".join(program.inputs).encode("ascii")
    codes = 0 if items.centroids is None else items.centroids.shape[0]
    at = np.asarray([0, *chosen])
    parts = [
        b"INTH", struct.pack("<HH", LAYOUT, items.dim), model_sha256,
        struct.pack("<IHHff", len(items.rows) - 1, codes, length, scale, items.bias_unit),
        struct.pack("<5H", len(program.inputs), len(program.constants), program.slots, len(program.session), len(program.tail)),
        struct.pack("<4H", program.embedding, program.session_bias, program.purchase, program.leave),
        struct.pack("<H", len(names)), names,
        *map(constant_bytes, program.constants),
        *(step.to_bytes() for step in (*program.session, *program.tail)),
        struct.pack("<HI", len(items.categories), len(chosen)), np.asarray(chosen, "<u4").tobytes(),
        b"" if items.centroids is None else items.centroids.tobytes(),
        items.rows[:1].tobytes(), items.categories.tobytes(), items.rows[at[1:]].tobytes(),
    ]  # fmt: skip
    if items.bias is not None and items.category_bias is not None:
        parts += [items.bias[:1].tobytes(), items.category_bias.tobytes(), items.bias[at[1:]].tobytes()]
    return b"".join(parts)


def rest_bytes(items: Items, chosen: Sequence[int], model_sha256: bytes) -> bytes:
    """`rest`: the rows of all items that are not `chosen`."""
    absent = np.ones(len(items.rows), bool)
    absent[[0, *chosen]] = False
    parts = [b"INTR", struct.pack("<HH", LAYOUT, items.dim), model_sha256, struct.pack("<I", int(absent.sum()))]
    parts += [items.rows[absent].tobytes(), b"" if items.bias is None else items.bias[absent].tobytes()]
    return b"".join(parts)


def constant_bytes(value: Floats) -> bytes:
    """A constant, as float16 where that loses nothing."""
    with np.errstate(over="ignore"):
        half = value.astype("<f2")
    exact = bool((half.astype(np.float32) == value).all())
    return struct.pack("<3H", int(exact), *value.shape) + (half if exact else value.astype("<f4")).tobytes()
