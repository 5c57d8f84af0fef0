// Scores: exact in float32 for lists; for the whole catalogue a scan in integers, then exact scores of all that could be in the top.
// Order everywhere: score descending, index ascending.
#pragma once
#include "run.h"

#define MOST_TOP 512u

static f32 embedding[MOST_DIM];
static i16 query[MOST_DIM];
static f32 *approximate; // [items + 1 + 3]
static f32 base_bias;    // of an item that does not occur in the session
static f32 session_bias; // the most that the session adds to an item

typedef struct { f32 score; u32 item; } Entry;
static Entry top[MOST_TOP];
static u32 top_count, top_most;

static f32 exact(u32 item) {
  const i8 *row = table.rows + item * table.padded;
  v128_t s = wasm_f32x4_splat(0), t = s;
  for (u32 i = 0; i < table.padded; i += 8) {
    v128_t wide = wasm_i16x8_load8x8(row + i);
    v128_t low = wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(wide));
    v128_t high = wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(wide));
    s = wasm_f32x4_add(s, wasm_f32x4_mul(low, wasm_v128_load(embedding + i)));
    t = wasm_f32x4_add(t, wasm_f32x4_mul(high, wasm_v128_load(embedding + i + 4)));
  }
  return sum4(wasm_f32x4_add(s, t)) * table.inverse[item] * table.scale + (table.bias[item] + base_bias);
}

static u32 before(Entry a, Entry b) { return a.score > b.score || (a.score == b.score && a.item < b.item); }

static void insert(Entry entry) {
  if (top_count == top_most && !before(entry, top[top_count - 1])) return;
  u32 at = top_count < top_most ? top_count++ : top_count - 1;
  for (; at > 0 && before(entry, top[at - 1]); at--) top[at] = top[at - 1];
  top[at] = entry;
}
static f32 floor_of_top(void) { return top_count < top_most ? -__builtin_inff() : top[top_count - 1].score; }

static f32 largest_entry(void) {
  f32 most = 1e-20f;
  for (u32 i = 0; i < table.dim; i++) most = larger_float(most, __builtin_fabsf(embedding[i]));
  return most;
}

// The embedding in 16 bits; returns its unit: query = embedding / unit.
static f32 quantize(void) {
  f32 unit = largest_entry() / 32767;
  for (u32 i = 0; i < table.padded; i++) query[i] = (i16)__builtin_rintf(embedding[i] / unit);
  return unit;
}

static v128_t products(const i8 *row) {
  v128_t s = wasm_i32x4_splat(0), t = s;
  for (u32 i = 0; i < table.padded; i += 16) {
    v128_t bytes = wasm_v128_load(row + i);
    s = wasm_i32x4_add(s, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_low_i8x16(bytes), wasm_v128_load(query + i)));
    t = wasm_i32x4_add(t, wasm_i32x4_dot_i16x8(wasm_i16x8_extend_high_i8x16(bytes), wasm_v128_load(query + i + 8)));
  }
  return wasm_i32x4_add(s, t);
}

// Four items' sums of four lanes each, as one vector.
static v128_t sums(v128_t a, v128_t b, v128_t c, v128_t d) {
  v128_t ab = wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 1, 4, 5), wasm_i32x4_shuffle(a, b, 2, 3, 6, 7));
  v128_t cd = wasm_i32x4_add(wasm_i32x4_shuffle(c, d, 0, 1, 4, 5), wasm_i32x4_shuffle(c, d, 2, 3, 6, 7));
  return wasm_i32x4_add(wasm_i32x4_shuffle(ab, cd, 0, 2, 4, 6), wasm_i32x4_shuffle(ab, cd, 1, 3, 5, 7));
}

static void note_lanes(v128_t scores, u32 first, u32 end) {
  f32 lanes[4];
  wasm_v128_store(lanes, scores);
  for (u32 l = 0; l < 4 && first + l < end; l++) insert((Entry){lanes[l], first + l});
}

// Approximate scores of all items, and the top of them. Rows are read in fours; behind the last stand zeros.
static void scan(void) {
  f32 by = quantize() * table.scale;
  u32 end = table.items + 1, step = table.padded;
  for (u32 item = 1; item < end; item += 4) {
    const i8 *row = table.rows + item * step;
    v128_t whole = sums(products(row), products(row + step), products(row + 2 * step), products(row + 3 * step));
    v128_t cosine = wasm_f32x4_mul(wasm_f32x4_convert_i32x4(whole), wasm_v128_load(table.inverse + item));
    v128_t score = wasm_f32x4_add(wasm_f32x4_mul(cosine, wasm_f32x4_splat(by)), wasm_v128_load(table.bias + item));
    wasm_v128_store(approximate + item, score);
    if (wasm_v128_any_true(wasm_f32x4_gt(score, wasm_f32x4_splat(floor_of_top())))) note_lanes(score, item, end);
  }
}

// How far an approximate score may lie from the exact one. Half a unit for each entry of a row, whose entries sum in size to at most
// sqrt(dim) times its length: largest / 65534 * sqrt(dim); the rest covers float32's own rounding.
static f32 margin(void) {
  return table.scale * largest_entry() * __builtin_sqrtf((f32)table.dim) * 2e-5f + (table.most_bias + session_bias) * 2e-6f;
}

static void top_of_all(u32 count) {
  top_count = 0, top_most = count;
  scan();
  f32 floor = floor_of_top() - 2 * margin();
  top_count = 0;
  for (u32 item = 1; item <= table.items; item += 4) {
    if (!wasm_v128_any_true(wasm_f32x4_ge(wasm_v128_load(approximate + item), wasm_f32x4_splat(floor)))) continue;
    for (u32 i = item; i < item + 4 && i <= table.items; i++)
      if (approximate[i] >= floor) insert((Entry){exact(i), i});
  }
}
static void top_of(const u32 *items, u32 length, u32 count) {
  top_count = 0, top_most = count;
  for (u32 i = 0; i < length; i++) insert((Entry){exact(items[i]), items[i]});
}
