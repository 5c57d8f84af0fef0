// Runs the program: the session's part once for each event, the tail for the bias of items that occur in the session.
#pragma once
#include "gru.h"

// How many operands each operator reads, in the order of the enumeration.
static const u8 operands[OPERATORS] = {1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 4, 2, 2, 1, 1, 1,
                                       1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 0};

// Whether an instruction reads only what is there before it: `made` is 1 for each slot that holds a matrix by then.
static u32 sound(const Instruction *step, const u8 *made, u32 constants_from) {
  if (step->op >= OPERATORS || step->out < fixed_count || step->out >= slot_count) return 0;
  for (u32 i = 0; i < 4; i++) {
    if (i >= operands[step->op]) {
      if (step->in[i] != 0) return 0;
    } else if (step->in[i] >= slot_count || !made[step->in[i]]) return 0;
    else if (step->op == GRU && i > 0 && (step->in[i] < constants_from || step->in[i] >= fixed_count)) return 0;
  }
  return 1;
}

static u32 execute(const Instruction *step, u32 events, Memory *memory) {
  Matrix in[4], o = {0, 0, 0};
  for (u32 i = 0; i < 4; i++) in[i] = slots[step->in[i]]; // operands not asked for are 0, the items
  u32 code;
  switch (step->op) {
    case GATHER_ITEM: case GATHER: code = gather(step, in[0], &o); break;
    case WHERE: code = where(in[0], in[1], in[2], &o); break;
    case MATMUL: code = multiply(in[0], in[1], &o); break;
    case GRU: code = gru(step, memory, &o); break;
    case CONCAT_COLUMNS: case CONCAT_ROWS: code = concat(step->op == CONCAT_ROWS, in[0], in[1], &o); break;
    case SLICE_ROWS: case SLICE_COLUMNS: code = slice(step, in[0], events, &o); break;
    case TRANSPOSE: code = transpose(in[0], &o); break;
    case RESHAPE: code = reshape(step, in[0], &o); break;
    case SOFTMAX: code = softmax(in[0], &o); break;
    case LAYER_NORM: code = layer_norm(in[0], in[1], in[2], in[3], &o); break;
    case REDUCE_L2: case REDUCE_SUM: case REDUCE_MAX: case REDUCE_MEAN: code = reduce(step->op, in[0], &o); break;
    case RANGE: code = counting(events, &o); break;
    default: code = step->op < WHERE ? pairwise(step->op, in[0], in[1], &o) : each(step->op, in[0], &o);
  }
  slots[step->out] = o;
  return code;
}

static u32 run_from(u32 first, u32 steps, u32 events) {
  for (u32 i = first; i < first + steps; i++) {
    u32 code = execute(program + i, events, memories + i);
    if (code != OK) return code;
  }
  return OK;
}
