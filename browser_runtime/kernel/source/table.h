// The item table: int8 rows, one float 1 / |row| each, and an optional bias; decoded once from rows or product codes.
#pragma once
#include "maths.h"

#define MOST_ITEMS 4000000u
#define MOST_DIM 512u // the sum of a row's products then fits 32 bits

static struct {
  u32 items, dim, padded; // rows are padded with zeros to a multiple of 16
  u32 codes, part;        // M codes of `part` = dim / M entries; 0: plain rows
  u32 width;              // bytes of a stored row: M or dim
  i8 *rows;               // [items + 1, padded]
  f32 *inverse;           // [items + 1]
  f32 *bias;              // [items + 1]
  const u8 *centroids;    // int8 [M, 256, part], inside the head's file
  f32 scale, bias_scale;
  u32 *head; // items of the head, ascending
  u32 heads;
  f32 most_bias; // the most that an item's own bias can be
} table;

static u32 table_make(void) {
  u64 rows = (u64)table.items + 1;
  table.rows = alloc((rows + 4) * table.padded);
  table.inverse = alloc((rows + 4) * 4); // the scan reads four at a time
  table.bias = alloc((rows + 4) * 4);
  return table.rows && table.inverse && table.bias ? OK : E_MEMORY;
}

static i32 squares(const i8 *row) {
  v128_t s = wasm_i32x4_splat(0);
  for (u32 i = 0; i < table.padded; i += 8) {
    v128_t wide = wasm_i16x8_load8x8(row + i);
    s = wasm_i32x4_add(s, wasm_i32x4_dot_i16x8(wide, wide));
  }
  return wasm_i32x4_extract_lane(s, 0) + wasm_i32x4_extract_lane(s, 1) + wasm_i32x4_extract_lane(s, 2) + wasm_i32x4_extract_lane(s, 3);
}

// Entries of a stored row into `row`, zeros behind; returns 1 / |row|, 0 for a row of zeros.
static f32 decode(i8 *row, const u8 *stored) {
  zero(row + table.dim, table.padded - table.dim);
  if (table.codes == 0) copy(row, stored, table.dim);
  const u8 *of = table.centroids;
  for (u32 m = 0; m < table.codes; m++, of += 256 * table.part, row += table.part) {
    const u8 *from = of + stored[m] * table.part;
    if (table.part == 2) __builtin_memcpy(row, from, 2); // a copy of unknown length costs more than all else of a row
    else copy(row, from, table.part);
  }
  i32 square = squares(table.codes ? row - table.dim : row);
  return square ? 1 / __builtin_sqrtf((f32)square) : 0;
}
static void set_item(u32 item, const u8 *stored, const u8 *bias) {
  table.inverse[item] = decode(table.rows + (u64)item * table.padded, stored);
  table.bias[item] = bias ? (f32)(i8)*bias * table.bias_scale : 0;
}
static void copy_item(u32 to, u32 from, f32 bias) {
  copy(table.rows + to * table.padded, table.rows + from * table.padded, table.padded);
  table.inverse[to] = table.inverse[from];
  table.bias[to] = bias;
}
static void unit_row(f32 *to, u32 item) {
  const i8 *row = table.rows + item * table.padded;
  for (u32 i = 0; i < table.dim; i++) to[i] = (f32)row[i] * table.inverse[item];
}
