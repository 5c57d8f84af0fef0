// The scoring kernel: a session in, scores and the best items out. No imports; all it reads was checked before.
//
//   reserve(bytes) -> address for a file, 0 if memory is refused       load_head(file, bytes) -> fault
//   load_categories(uint16 [known]) -> fault: then it answers          load_rest(file, bytes) -> fault
//   input(i) -> float32 [L] to fill, oldest event first
//   embed(T) -> fault                                                  output(i) -> float32: 0 embedding [d], 2 purchase, 3 leave
//   list(C) -> int32 [C] to fill, 0 if too long                        score(C) -> float32 [C], 0 on an item out of range
//   best(scope, count) -> number found (scope 0: all, 1: head, 2: the list of C set by `score`)
//   best_items() -> pairs of float32 score, uint32 item
#include "files.h"

static u32 checked, ready, embedded; // the head was, the categories are there, a session was read
static u32 *listed;
static f32 *list_scores;
static u32 list_room, list_length;

EXPORT(reserve) u8 *reserve(u32 bytes) { return alloc(bytes); }

static u32 make_inputs(void) {
  for (u32 i = 0; i <= input_count; i++) { // the last holds the candidates of the tail: those of the session and one of none
    slots[i] = (Matrix){alloc((most_events + 4) * 4), 1, 1};
    if (!slots[i].at) return E_MEMORY;
  }
  arena = alloc(ARENA_BYTES);
  return arena ? OK : E_MEMORY;
}

static u32 check_outputs(void) {
  Matrix e = slots[outputs[0]];
  if (e.rows * e.cols != table.dim) return E_SHAPE;
  for (u32 i = 0; i < table.dim && !only_shapes; i++)
    if (!finite(e.at[i])) return E_RANGE;
  copy(embedding, e.at, table.dim * 4);
  for (u32 o = 2; o < 4; o++)
    if (outputs[o] != NONE && slots[outputs[o]].rows * slots[outputs[o]].cols != 1) return E_SHAPE;
  return OK;
}

static f32 *biases_before; // of the session's items, before what the session adds
static u32 biased;

static void restore_biases(void) {
  const f32 *items = slots[input_count].at;
  for (u32 i = 0; i < biased; i++) table.bias[(u32)items[i]] = biases_before[i];
  biased = 0;
  base_bias = session_bias = 0;
}

// The tail gives each item of the session its bias beside that of an item that does not occur in it.
static u32 bias_session(u32 events) {
  f32 *items = slots[input_count].at;
  u32 count = 0;
  for (u32 t = 0; t < events; t++) {
    f32 item = slots[0].at[t];
    u32 seen = 0;
    for (u32 i = 0; i < count; i++) seen |= items[i] == item;
    if (!seen) items[count++] = item;
  }
  items[count] = -1;
  slots[input_count].cols = count + 1;
  u32 code = run_from(session_steps, tail_steps, events);
  if (code) return code;
  Matrix bias = slots[outputs[1]];
  if (bias.rows * bias.cols != count + 1) return E_SHAPE;
  base_bias = bias.at[count];
  for (u32 i = 0; i <= count; i++) {
    if (!finite(bias.at[i]) && !only_shapes) return E_RANGE;
    session_bias = larger_float(session_bias, __builtin_fabsf(bias.at[i]));
  }
  for (u32 i = 0; i < count; i++) {
    f32 *of_item = table.bias + (u32)items[i];
    biases_before[i] = *of_item;
    *of_item += bias.at[i] - base_bias;
  }
  biased = count;
  return OK;
}

static u32 embed_session(u32 events) {
  if (events == 0 || events > most_events) return E_RANGE;
  restore_biases();
  for (u32 i = 0; i < input_count; i++) slots[i].cols = events;
  for (u32 t = 0; t < events; t++) {
    f32 item = slots[0].at[t];
    if (!(item >= 0 && item <= (f32)table.items) || item != __builtin_truncf(item)) return E_RANGE;
  }
  arena_used = 0;
  u32 code = run_from(0, session_steps, events);
  if (code == OK) code = check_outputs();
  return code == OK && outputs[1] != NONE ? bias_session(events) : code;
}

EXPORT(load_head) u32 load_head(const u8 *file, u32 bytes) {
  if (checked) return E_STATE;
  u32 code = read_head(file, bytes);
  if (code == OK) code = make_inputs();
  biases_before = alloc((most_events + 1) * 4);
  if (code == OK && !biases_before) code = E_MEMORY;
  if (code) return code;
  u32 ends[2] = {1, most_events};
  for (u32 i = 0; i < 2; i++) { // one event and the most: a program whose shapes do not fit is refused now
    for (u32 k = 0; k < input_count; k++) zero(slots[k].at, most_events * 4);
    only_shapes = i;
    code = embed_session(ends[i]);
    only_shapes = 0;
    if (code) return code;
  }
  restore_biases();
  checked = 1;
  return OK;
}

EXPORT(load_categories) u32 load_categories(const u16 *category_of, u32 known) {
  if (!checked || ready) return E_STATE;
  u32 code = read_categories(category_of, known);
  ready = code == OK;
  return code;
}

EXPORT(load_rest) u32 load_rest(const u8 *file, u32 bytes) {
  if (!ready) return E_STATE;
  restore_biases();
  embedded = 0;
  return read_rest(file, bytes);
}

EXPORT(input) f32 *input(u32 i) { return ready && i < input_count ? slots[i].at : 0; }

EXPORT(embed) u32 embed(u32 events) {
  if (!ready) return E_STATE;
  u32 code = embed_session(events);
  if (code) restore_biases();
  embedded = code == OK;
  return code;
}

EXPORT(output) const f32 *output(u32 which) {
  if (!embedded || which > 3 || which == 1 || outputs[which] == NONE) return 0;
  return which ? slots[outputs[which]].at : embedding;
}

EXPORT(list) u32 *list(u32 length) {
  if (!ready || length > table.items + 1) return 0;
  if (length > list_room) { // room is given back never, so it grows by doubling
    u32 room = larger(length, 2 * list_room);
    if (room > table.items + 1) room = table.items + 1;
    u32 *items = alloc((u64)room * 4);
    f32 *scores = alloc((u64)room * 4);
    if (!items || !scores) return 0;
    listed = items, list_scores = scores, list_room = room;
  }
  list_length = 0;
  return listed;
}

EXPORT(score) const f32 *score(u32 length) {
  if (!embedded || length == 0 || length > list_room) return 0;
  for (u32 i = 0; i < length; i++)
    if (listed[i] > table.items) return 0;
  for (u32 i = 0; i < length; i++) list_scores[i] = exact(listed[i]);
  list_length = length;
  return list_scores;
}

EXPORT(best) u32 best(u32 scope, u32 count) {
  if (!embedded || count == 0 || count > MOST_TOP || scope > 2) return 0;
  if (scope == 0) top_of_all(count);
  else if (scope == 1) top_of(table.head, table.heads, count);
  else top_of(listed, list_length, count);
  for (u32 i = 0; i < top_count; i++) top[i].score += 0.0f; // no -0
  return top_count;
}

EXPORT(best_items) const Entry *best_items(void) { return top; }
