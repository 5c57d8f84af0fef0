// Reads `head` and `rest` (layouts drawn in layout.py). Nothing is used before all of it was checked.
#pragma once
#include "scan.h"

#define LAYOUT 1u
static u8 model_hash[32];
static u32 outputs[4]; // slots of embedding, bias, purchase, leave; NONE where the model has none
static u32 input_count;

static u32 read_constant(Reader *r, Matrix *m) {
  u32 half = take_u16(r), rows = take_u16(r), cols = take_u16(r);
  u64 cells = (u64)rows * cols;
  const u8 *data = take(r, cells * (half ? 2 : 4));
  if (!data) return E_TRUNCATED;
  if (half > 1 || cells == 0) return E_SIZES;
  f32 *to = alloc(cells * 4);
  if (!to) return E_MEMORY;
  if (!half) copy(to, data, (u32)cells * 4);
  else for (u32 i = 0; i < cells; i++) to[i] = half_to_float(data[2 * i] | data[2 * i + 1] << 8);
  *m = (Matrix){to, rows, cols};
  return OK;
}

static u32 read_program(Reader *r, u32 constants) {
  static u8 made[MOST_SLOTS];
  fixed_count = input_count + 1 + constants;
  for (u32 i = input_count + 1; i < fixed_count; i++) {
    u32 code = read_constant(r, slots + i);
    if (code) return code;
  }
  u32 steps = session_steps + tail_steps;
  const u8 *data = take(r, steps * (u32)sizeof(Instruction));
  program = alloc(steps * (u32)sizeof(Instruction));
  memories = alloc(steps * sizeof(Memory));
  if (!data) return E_TRUNCATED;
  if (!program || !memories) return E_MEMORY;
  copy(program, data, steps * (u32)sizeof(Instruction));
  zero(memories, steps * sizeof(Memory));
  for (u32 i = 0; i < fixed_count; i++) made[i] = i != input_count; // the candidates come with the tail
  for (u32 i = 0; i < steps; i++) {
    if (i == session_steps) made[input_count] = 1;
    if (!sound(program + i, made, input_count + 1)) return E_PROGRAM;
    made[program[i].out] = 1;
    for (u32 o = 0; o < 4; o++) // outputs but the bias are the session's
      if (o != 1 && i >= session_steps && program[i].out == outputs[o]) return E_PROGRAM;
  }
  for (u32 o = 0; o < 4; o++)
    if (outputs[o] != NONE && (outputs[o] >= slot_count || !made[outputs[o]])) return E_PROGRAM;
  return outputs[0] == NONE ? E_PROGRAM : OK;
}

static u32 read_sizes(Reader *r, u32 *constants) {
  const u8 *magic = take(r, 4);
  if (!magic || differ(magic, "INTH", 4) || take_u16(r) != LAYOUT) return E_MAGIC;
  table.dim = take_u16(r);
  const u8 *hash = take(r, 32);
  if (hash) copy(model_hash, hash, 32);
  table.items = take_u32(r), table.codes = take_u16(r), most_events = take_u16(r);
  table.scale = take_f32(r), table.bias_scale = take_f32(r);
  input_count = take_u16(r), *constants = take_u16(r), slot_count = take_u16(r);
  session_steps = take_u16(r), tail_steps = take_u16(r);
  for (u32 o = 0; o < 4; o++) outputs[o] = take_u16(r);
  take(r, take_u16(r)); // names of the inputs, for the page
  if (r->short_of) return E_TRUNCATED;
  if (table.items == 0 || table.items > MOST_ITEMS || table.dim == 0 || table.dim > MOST_DIM) return E_SIZES;
  if (most_events == 0 || most_events > MOST_LENGTH || input_count == 0 || input_count > 16) return E_SIZES;
  if (table.codes > table.dim || (table.codes && table.dim % table.codes)) return E_SIZES;
  if (!finite(table.scale) || table.scale <= 0 || !finite(table.bias_scale) || table.bias_scale < 0) return E_SIZES;
  if (slot_count > MOST_SLOTS || slot_count <= input_count + 1 + *constants) return E_SIZES;
  table.padded = (table.dim + 15) & ~15u;
  table.part = table.codes ? table.dim / table.codes : 0;
  table.width = table.codes ? table.codes : table.dim;
  table.most_bias = 128 * table.bias_scale;
  return OK;
}

static u32 categories; // that have a row of their own
static const u8 *head_rows, *head_biases; // in the file: of the unknown item, of the categories, of the head's items

static void set_from(u32 item, const u8 *rows, const u8 *biases, u64 place) {
  set_item(item, rows + place * table.width, biases ? biases + place : 0);
}
static void set_from_head(u32 item, u64 place) { set_from(item, head_rows, head_biases, place); }

static u32 read_items(Reader *r) {
  categories = take_u16(r);
  table.heads = take_u32(r);
  const u8 *ids = take(r, (u64)table.heads * 4);
  if (table.codes) table.centroids = take(r, (u64)256 * table.dim);
  u64 stored = (u64)1 + categories + table.heads;
  head_rows = take(r, stored * table.width), head_biases = table.bias_scale > 0 ? take(r, stored) : 0;
  if (r->short_of) return E_TRUNCATED;
  if (r->at != r->end) return E_TRAILING;
  if (table.heads > table.items) return E_SIZES;
  if (table_make()) return E_MEMORY;
  table.head = alloc((u64)table.heads * 4);
  approximate = alloc(((u64)table.items + 4) * 4);
  if (!table.head || !approximate) return E_MEMORY;
  copy(table.head, ids, table.heads * 4);
  for (u32 i = 0; i < table.heads; i++)
    if (table.head[i] > table.items || table.head[i] <= (i ? table.head[i - 1] : 0)) return E_SIZES;
  set_from_head(0, 0);
  for (u32 i = 0; i < table.heads; i++) set_from_head(table.head[i], 1 + categories + i);
  return OK;
}

// An item that the head lacks has its category's vector until `rest` comes.
static u32 read_categories(const u16 *category_of, u32 known) {
  u32 *first = alloc(((u64)categories + 1) * 4); // item that a category's row was decoded for, 0 for none yet
  if (!first) return E_MEMORY;
  zero(first, (categories + 1) * 4);
  for (u32 item = 1, h = 0; item <= table.items; item++) {
    if (h < table.heads && table.head[h] == item) {
      h++;
      continue;
    }
    u32 category = item < known ? category_of[item] : 0;
    if (category > categories) category = 0;
    if (first[category]) copy_item(item, first[category], table.bias[first[category]]);
    else set_from_head(item, category), first[category] = item;
  }
  return OK;
}

static u32 read_head(const u8 *file, u32 bytes) {
  Reader r = {file, file + bytes, 0};
  u32 constants, code = read_sizes(&r, &constants);
  if (code == OK) code = read_program(&r, constants);
  return code == OK ? read_items(&r) : code;
}

static u32 read_rest(const u8 *file, u32 bytes) {
  Reader r = {file, file + bytes, 0};
  const u8 *magic = take(&r, 4);
  if (!magic || differ(magic, "INTR", 4) || take_u16(&r) != LAYOUT) return E_MAGIC;
  u32 dim = take_u16(&r);
  const u8 *hash = take(&r, 32);
  u32 count = take_u32(&r);
  const u8 *rows = take(&r, (u64)count * table.width), *biases = table.bias_scale > 0 ? take(&r, count) : 0;
  if (r.short_of) return E_TRUNCATED;
  if (r.at != r.end) return E_TRAILING;
  if (differ(hash, model_hash, 32)) return E_MODEL;
  if (dim != table.dim || count != table.items - table.heads) return E_SIZES;
  for (u32 item = 1, h = 0, i = 0; item <= table.items; item++) {
    if (h < table.heads && table.head[h] == item) h++;
    else set_from(item, rows, biases, i++);
  }
  for (u32 i = 0; i < session_steps; i++) memories[i].rows = 0; // rows that a GRU read may have changed
  return OK;
}
