// The encoder: a list of instructions over matrices of float32, made from the ONNX graph by pack.py, which names the operators alike.
// Each instruction checks the shapes that it meets, so that a bad program is refused and never reads or writes outside.
#pragma once
#include "table.h"

enum {
  GATHER_ITEM, GATHER, ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, EQUAL, GREATER, LESS, POW, WHERE, MATMUL, GRU, CONCAT_COLUMNS,
  CONCAT_ROWS, SLICE_ROWS, SLICE_COLUMNS, TRANSPOSE, RESHAPE, SIGMOID, TANH, RELU, SQRT, EXP, LOG, NEG, ABS, TRUNC, SOFTMAX,
  LAYER_NORM, REDUCE_L2, REDUCE_SUM, REDUCE_MAX, REDUCE_MEAN, RANGE, OPERATORS
};

#define NONE 0xffffu
#define MOST_SLOTS 1024u
#define MOST_LENGTH 256u
#define ARENA_BYTES (2u << 20)

typedef struct { f32 *at; u32 rows, cols; } Matrix;
typedef struct { u16 op, out, in[4]; i16 arg[4]; } Instruction; // as in the file
typedef struct { f32 *inputs, *states; u32 rows; } Memory; // of a GRU: what it read and the states after it

static Matrix slots[MOST_SLOTS];
static u32 slot_count, fixed_count; // the first are inputs, candidates and constants
static Instruction *program;
static Memory *memories;
static u32 session_steps, tail_steps, most_events;
static f32 *arena;
static u32 arena_used; // floats
static u32 only_shapes; // products and states are left zero: a check of a program's shapes, at little cost

static Matrix fresh(u32 rows, u32 cols) {
  Matrix m = {0, rows, cols};
  u64 floats = ((u64)rows * cols + 3) & ~3ull;
  if (rows == 0 || cols == 0 || floats > ARENA_BYTES / 4 - arena_used) return m;
  m.at = arena + arena_used;
  arena_used += (u32)floats;
  return m;
}

static f32 binary(u32 op, f32 a, f32 b) {
  switch (op) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case MAXIMUM: return a > b ? a : b;
    case MINIMUM: return a < b ? a : b;
    case EQUAL: return a == b;
    case GREATER: return a > b;
    case LESS: return a < b;
    default: return exp1(b * log1(a)); // POW; pack.py turns squares into products
  }
}
static f32 unary(u32 op, f32 a) {
  switch (op) {
    case RELU: return a > 0 ? a : 0;
    case SQRT: return __builtin_sqrtf(a);
    case LOG: return log1(a);
    case NEG: return -a;
    case ABS: return __builtin_fabsf(a);
    default: return __builtin_truncf(a);
  }
}
static u32 fits(u32 a, u32 b) { return a == b || a == 1 || b == 1; }
static u32 larger(u32 a, u32 b) { return a > b ? a : b; }
static f32 cell(Matrix m, u32 r, u32 c) { return m.at[(m.rows == 1 ? 0 : r) * m.cols + (m.cols == 1 ? 0 : c)]; }

static u32 pairwise(u32 op, Matrix a, Matrix b, Matrix *out) {
  if (!fits(a.rows, b.rows) || !fits(a.cols, b.cols)) return E_SHAPE;
  Matrix o = *out = fresh(larger(a.rows, b.rows), larger(a.cols, b.cols));
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < o.rows; r++)
    for (u32 c = 0; c < o.cols; c++) o.at[r * o.cols + c] = binary(op, cell(a, r, c), cell(b, r, c));
  return OK;
}
static u32 where(Matrix test, Matrix a, Matrix b, Matrix *out) {
  if (!fits(a.rows, b.rows) || !fits(a.cols, b.cols)) return E_SHAPE;
  u32 rows = larger(a.rows, b.rows), cols = larger(a.cols, b.cols);
  if (!fits(test.rows, rows) || !fits(test.cols, cols)) return E_SHAPE;
  Matrix o = *out = fresh(larger(rows, test.rows), larger(cols, test.cols));
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < o.rows; r++)
    for (u32 c = 0; c < o.cols; c++) o.at[r * o.cols + c] = cell(test, r, c) != 0 ? cell(a, r, c) : cell(b, r, c);
  return OK;
}
static u32 each(u32 op, Matrix a, Matrix *out) {
  Matrix o = *out = fresh(a.rows, a.cols);
  if (!o.at) return E_MEMORY;
  u32 n = a.rows * a.cols;
  if (op != SIGMOID && op != TANH && op != EXP) {
    for (u32 i = 0; i < n; i++) o.at[i] = unary(op, a.at[i]);
    return OK;
  }
  for (u32 i = 0; i < n; i += 4) { // matrices are padded to four floats
    v128_t x = wasm_v128_load(a.at + i);
    wasm_v128_store(o.at + i, op == SIGMOID ? sigmoid4(x) : op == TANH ? tanh4(x) : exp4(x));
  }
  return OK;
}
static u32 multiply(Matrix a, Matrix b, Matrix *out) {
  if (a.cols != b.rows) return E_SHAPE;
  Matrix o = *out = fresh(a.rows, b.cols);
  if (!o.at) return E_MEMORY;
  zero(o.at, o.rows * o.cols * 4);
  for (u32 r = 0; r < a.rows && !only_shapes; r++)
    for (u32 k = 0; k < a.cols; k++) add_scaled(o.at + r * o.cols, b.at + k * b.cols, a.at[r * a.cols + k], b.cols);
  return OK;
}
static u32 gather(const Instruction *step, Matrix index, Matrix *out) {
  u32 of_items = step->op == GATHER_ITEM;
  Matrix source = of_items ? (Matrix){0, table.items + 1, table.dim} : slots[step->in[1]];
  Matrix o = *out = fresh(index.rows * index.cols, source.cols);
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < o.rows; r++) {
    f32 at = index.at[r];
    if (!(at >= 0 && at < (f32)source.rows)) return E_RANGE;
    if (of_items) unit_row(o.at + r * o.cols, (u32)at);
    else copy(o.at + r * o.cols, source.at + (u32)at * o.cols, o.cols * 4);
  }
  return OK;
}
static u32 concat(u32 rows, Matrix a, Matrix b, Matrix *out) {
  if (rows ? a.cols != b.cols : a.rows != b.rows) return E_SHAPE;
  Matrix o = *out = rows ? fresh(a.rows + b.rows, a.cols) : fresh(a.rows, a.cols + b.cols);
  if (!o.at) return E_MEMORY;
  u32 lines = rows ? 1 : a.rows, first = rows ? a.rows * a.cols : a.cols, second = rows ? b.rows * b.cols : b.cols;
  for (u32 r = 0; r < lines; r++) {
    copy(o.at + r * (first + second), a.at + r * first, first * 4);
    copy(o.at + r * (first + second) + first, b.at + r * second, second * 4);
  }
  return OK;
}
// From arg0 + arg1 * T to arg2 + arg3 * T.
static u32 slice(const Instruction *step, Matrix a, u32 events, Matrix *out) {
  u32 rows = step->op == SLICE_ROWS;
  i32 most = (i32)(rows ? a.rows : a.cols), from = step->arg[0] + step->arg[1] * (i32)events;
  i32 to = step->arg[2] + step->arg[3] * (i32)events;
  if (from < 0 || to > most || from >= to) return E_SHAPE;
  Matrix o = *out = rows ? fresh(to - from, a.cols) : fresh(a.rows, to - from);
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < o.rows; r++) copy(o.at + r * o.cols, a.at + (rows ? r + from : r) * a.cols + (rows ? 0 : from), o.cols * 4);
  return OK;
}
static u32 transpose(Matrix a, Matrix *out) {
  Matrix o = *out = fresh(a.cols, a.rows);
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < a.rows; r++)
    for (u32 c = 0; c < a.cols; c++) o.at[c * o.cols + r] = a.at[r * a.cols + c];
  return OK;
}
// arg0 x arg1, where -1 stands for what is left.
static u32 reshape(const Instruction *step, Matrix a, Matrix *out) {
  u32 n = a.rows * a.cols;
  i32 rows = step->arg[0], cols = step->arg[1];
  if (rows < 0 && cols > 0) rows = (i32)(n / (u32)cols);
  if (cols < 0 && rows > 0) cols = (i32)(n / (u32)rows);
  if (rows <= 0 || cols <= 0 || (u64)rows * (u64)cols != n) return E_SHAPE;
  *out = (Matrix){a.at, (u32)rows, (u32)cols};
  return OK;
}
static f32 reduced(u32 op, const f32 *row, u32 n) {
  if (op == REDUCE_L2) return __builtin_sqrtf(dot(row, row, n));
  f32 sum = op == REDUCE_MAX ? row[0] : 0;
  for (u32 i = 0; i < n; i++) sum = op == REDUCE_MAX ? (row[i] > sum ? row[i] : sum) : sum + row[i];
  return op == REDUCE_MEAN ? sum / (f32)n : sum;
}
static u32 reduce(u32 op, Matrix a, Matrix *out) { // over the columns; pack.py transposes for the rows
  Matrix o = *out = fresh(a.rows, 1);
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < a.rows; r++) o.at[r] = reduced(op, a.at + r * a.cols, a.cols);
  return OK;
}
static u32 softmax(Matrix a, Matrix *out) {
  Matrix o = *out = fresh(a.rows, a.cols);
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < a.rows; r++) {
    const f32 *row = a.at + r * a.cols;
    f32 most = reduced(REDUCE_MAX, row, a.cols), sum = 0;
    for (u32 c = 0; c < a.cols; c++) sum += o.at[r * a.cols + c] = exp1(row[c] - most);
    for (u32 c = 0; c < a.cols; c++) o.at[r * a.cols + c] /= sum;
  }
  return OK;
}
static u32 layer_norm(Matrix a, Matrix gain, Matrix shift, Matrix least, Matrix *out) {
  if (gain.rows * gain.cols != a.cols || shift.rows * shift.cols != a.cols) return E_SHAPE;
  Matrix o = *out = fresh(a.rows, a.cols);
  if (!o.at) return E_MEMORY;
  for (u32 r = 0; r < a.rows; r++) {
    f32 *to = o.at + r * a.cols, mean = reduced(REDUCE_MEAN, a.at + r * a.cols, a.cols);
    for (u32 c = 0; c < a.cols; c++) to[c] = a.at[r * a.cols + c] - mean;
    f32 by = 1 / __builtin_sqrtf(dot(to, to, a.cols) / (f32)a.cols + least.at[0]);
    for (u32 c = 0; c < a.cols; c++) to[c] = to[c] * by * gain.at[c] + shift.at[c];
  }
  return OK;
}
static u32 counting(u32 events, Matrix *out) { // 0, 1, ... T - 1
  Matrix o = *out = fresh(1, events);
  if (!o.at) return E_MEMORY;
  for (u32 i = 0; i < events; i++) o.at[i] = (f32)i;
  return OK;
}
