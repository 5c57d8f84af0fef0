// Memory: one bump allocator up to a ceiling, and a reader that never goes past the end of a file.
#pragma once
#include <stdint.h>
#include <wasm_simd128.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t i8;
typedef int16_t i16;
typedef int32_t i32;
typedef float f32;

#define EXPORT(name) __attribute__((export_name(#name), visibility("default")))

// Why something was refused; `FAULTS` in src/scoring/kernel.ts has the sentences.
enum { OK, E_MEMORY, E_TRUNCATED, E_TRAILING, E_MAGIC, E_SIZES, E_PROGRAM, E_SHAPE, E_RANGE, E_MODEL, E_STATE };

#define PAGE 65536u
#define CEILING_PAGES 384u // 24 MiB: what the runtime may hold of a page's memory
#define ALIGN 16u

extern u8 __heap_base;
static u32 heap_top = 0;

static void *alloc(u64 bytes) {
  if (heap_top == 0) heap_top = ((u32)(uintptr_t)&__heap_base + ALIGN - 1) & ~(ALIGN - 1);
  if (bytes > (u64)CEILING_PAGES * PAGE) return 0;
  u64 end = (u64)heap_top + ((bytes + ALIGN - 1) & ~(u64)(ALIGN - 1));
  u32 pages = (u32)((end + PAGE - 1) / PAGE), have = __builtin_wasm_memory_size(0);
  if (pages > CEILING_PAGES) return 0;
  if (pages > have && __builtin_wasm_memory_grow(0, pages - have) == (u32)-1) return 0;
  void *start = (void *)(uintptr_t)heap_top;
  heap_top = (u32)end;
  return start;
}

static void copy(void *to, const void *from, u32 bytes) { __builtin_memcpy(to, from, bytes); }
static void zero(void *to, u32 bytes) { __builtin_memset(to, 0, bytes); }
static u32 differ(const void *a, const void *b, u32 bytes) {
  const u8 *p = a, *q = b;
  for (u32 i = 0; i < bytes; i++)
    if (p[i] != q[i]) return 1;
  return 0;
}

typedef struct {
  const u8 *at, *end;
  u32 short_of; // set once something was asked for beyond the end
} Reader;

static const u8 *take(Reader *r, u64 bytes) {
  if (r->short_of || bytes > (u64)(r->end - r->at)) {
    r->short_of = 1;
    return 0;
  }
  const u8 *start = r->at;
  r->at += bytes;
  return start;
}
static u32 take_u8(Reader *r) { const u8 *p = take(r, 1); return p ? *p : 0; }
static u32 take_u16(Reader *r) { u16 v = 0; const u8 *p = take(r, 2); if (p) __builtin_memcpy(&v, p, 2); return v; }
static u32 take_u32(Reader *r) { u32 v = 0; const u8 *p = take(r, 4); if (p) __builtin_memcpy(&v, p, 4); return v; }
static f32 take_f32(Reader *r) { f32 v = 0; const u8 *p = take(r, 4); if (p) __builtin_memcpy(&v, p, 4); return v; }
static int finite(f32 v) { return v - v == 0; }
