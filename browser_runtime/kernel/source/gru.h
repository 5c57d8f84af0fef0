// ONNX's GRU with linear_before_reset = 1 over one sequence; states of the rows that have not changed since the last run are kept.
#pragma once
#include "program.h"

static f32 gates[2 * 3 * 1024]; // x W^T and h R^T of one step

// One step: state [H] after `x`; order of gates: update, reset, new. W [3H, d], R [3H, H], B [1, 6H].
static void gru_step(const f32 *x, const f32 *before, f32 *after, Matrix w, Matrix r, Matrix b) {
  u32 hidden = r.cols, all = 3 * hidden;
  f32 *of_x = gates, *of_h = gates + all;
  for (u32 i = 0; i < all; i++) {
    of_x[i] = dot(x, w.at + i * w.cols, w.cols) + b.at[i];
    of_h[i] = dot(before, r.at + i * hidden, hidden) + b.at[all + i];
  }
  for (u32 i = 0; i < hidden; i += 4) { // hidden is a multiple of four
#define AT(p) wasm_v128_load((p) + i)
    v128_t update = sigmoid4(wasm_f32x4_add(AT(of_x), AT(of_h)));
    v128_t reset = sigmoid4(wasm_f32x4_add(AT(of_x + hidden), AT(of_h + hidden)));
    v128_t fresh_state = tanh4(wasm_f32x4_add(AT(of_x + 2 * hidden), wasm_f32x4_mul(reset, AT(of_h + 2 * hidden))));
    v128_t kept = wasm_f32x4_mul(update, AT(before));
    v128_t one = wasm_f32x4_const_splat(1);
    wasm_v128_store(after + i, wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_sub(one, update), fresh_state), kept));
#undef AT
  }
}

static u32 same_rows(const Memory *memory, Matrix x) {
  u32 same = 0;
  for (; same < memory->rows && same < x.rows; same++)
    if (differ(memory->inputs + same * x.cols, x.at + same * x.cols, x.cols * 4)) break;
  return same;
}

// States [T, H]. `memory` belongs to this instruction, so its sizes never change.
static u32 gru(const Instruction *step, Memory *memory, Matrix *out) {
  Matrix x = slots[step->in[0]], w = slots[step->in[1]], r = slots[step->in[2]], b = slots[step->in[3]];
  u32 hidden = r.cols;
  if (hidden == 0 || hidden % 4 || hidden > 1024 || r.rows != 3 * hidden || w.rows != r.rows || w.cols != x.cols) return E_SHAPE;
  if (b.rows * b.cols != 6 * hidden || x.rows > most_events) return E_SHAPE;
  if (!memory->states) {
    memory->inputs = alloc((u64)most_events * x.cols * 4);
    memory->states = alloc(((u64)most_events + 1) * hidden * 4); // the first is the state before all events
    if (!memory->inputs || !memory->states) return E_MEMORY;
    zero(memory->states, hidden * 4);
  }
  u32 first = same_rows(memory, x);
  memory->rows = 0; // nothing is kept of a run that ends early
  for (u32 t = first; t < x.rows && !only_shapes; t++)
    gru_step(x.at + t * x.cols, memory->states + t * hidden, memory->states + (t + 1) * hidden, w, r, b);
  copy(memory->inputs + first * x.cols, x.at + first * x.cols, (x.rows - first) * x.cols * 4);
  memory->rows = only_shapes ? 0 : x.rows;
  *out = fresh(x.rows, hidden);
  if (!out->at) return E_MEMORY;
  copy(out->at, memory->states + hidden, x.rows * hidden * 4);
  return OK;
}
