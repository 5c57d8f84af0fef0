// exp, log and dot products in float32, four lanes at a time; errors of a few units in the last place.
#pragma once
#include "memory.h"

// Cephes' expf: range reduction by ln 2 in two parts, then a polynomial of degree 5 on [-ln 2 / 2, ln 2 / 2].
static v128_t exp4(v128_t x) {
#define C(v) wasm_f32x4_const_splat(v)
  x = wasm_f32x4_pmin(wasm_f32x4_pmax(x, C(-87.3f)), C(88.3f));
  v128_t n = wasm_f32x4_nearest(wasm_f32x4_mul(x, C(1.44269504f)));
  v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(n, C(0.693359375f)));
  r = wasm_f32x4_sub(r, wasm_f32x4_mul(n, C(-2.12194440e-4f)));
  v128_t p = C(1.9875691500e-4f);
  p = wasm_f32x4_add(wasm_f32x4_mul(p, r), C(1.3981999507e-3f));
  p = wasm_f32x4_add(wasm_f32x4_mul(p, r), C(8.3334519073e-3f));
  p = wasm_f32x4_add(wasm_f32x4_mul(p, r), C(4.1665795894e-2f));
  p = wasm_f32x4_add(wasm_f32x4_mul(p, r), C(1.6666665459e-1f));
  p = wasm_f32x4_add(wasm_f32x4_mul(p, r), C(5.0000001201e-1f));
  p = wasm_f32x4_add(wasm_f32x4_add(wasm_f32x4_mul(p, wasm_f32x4_mul(r, r)), r), C(1.0f));
  v128_t two_to_n = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_const_splat(127)), 23);
  return wasm_f32x4_mul(p, two_to_n);
}
static v128_t sigmoid4(v128_t x) { return wasm_f32x4_div(C(1), wasm_f32x4_add(C(1), exp4(wasm_f32x4_neg(x)))); }
static v128_t tanh4(v128_t x) { // odd series where 1 - 2 / (e^2x + 1) would lose digits
  v128_t big = wasm_f32x4_sub(C(1), wasm_f32x4_div(C(2), wasm_f32x4_add(C(1), exp4(wasm_f32x4_add(x, x)))));
  v128_t s = wasm_f32x4_mul(x, x);
  v128_t p = wasm_f32x4_add(wasm_f32x4_mul(s, C(-17.0f / 315)), C(2.0f / 15));
  p = wasm_f32x4_add(wasm_f32x4_mul(s, p), C(-1.0f / 3));
  v128_t small = wasm_f32x4_add(x, wasm_f32x4_mul(x, wasm_f32x4_mul(s, p)));
  return wasm_v128_bitselect(small, big, wasm_f32x4_lt(wasm_f32x4_abs(x), C(0.1f)));
#undef C
}
static f32 exp1(f32 x) { return wasm_f32x4_extract_lane(exp4(wasm_f32x4_splat(x)), 0); }

// ln m over [1/sqrt 2, sqrt 2) by the series of atanh((m - 1) / (m + 1)), and the exponent times ln 2.
static f32 log1(f32 x) {
  u32 bits;
  __builtin_memcpy(&bits, &x, 4);
  if (!(x > 0)) return x == 0 ? -__builtin_inff() : __builtin_nanf("");
  i32 n = (i32)((bits - 0x3f3504f3u) >> 23) - (bits < 0x3f3504f3u ? 512 : 0);
  bits -= (u32)n << 23;
  f32 m;
  __builtin_memcpy(&m, &bits, 4);
  double s = ((double)m - 1) / ((double)m + 1), q = s * s;
  double series = s * (2 + q * (2.0 / 3 + q * (2.0 / 5 + q * (2.0 / 7 + q * (2.0 / 9 + q * 2.0 / 11)))));
  return (f32)(series + n * 0.6931471805599453);
}

static f32 larger_float(f32 a, f32 b) { return a > b ? a : b; }
static f32 sum4(v128_t v) {
  return (wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1)) +
         (wasm_f32x4_extract_lane(v, 2) + wasm_f32x4_extract_lane(v, 3));
}
static f32 dot(const f32 *a, const f32 *b, u32 n) {
  v128_t s = wasm_f32x4_splat(0), t = s;
  u32 i = 0;
  for (; i + 8 <= n; i += 8) {
    s = wasm_f32x4_add(s, wasm_f32x4_mul(wasm_v128_load(a + i), wasm_v128_load(b + i)));
    t = wasm_f32x4_add(t, wasm_f32x4_mul(wasm_v128_load(a + i + 4), wasm_v128_load(b + i + 4)));
  }
  f32 rest = 0;
  for (; i < n; i++) rest += a[i] * b[i];
  return sum4(wasm_f32x4_add(s, t)) + rest;
}
static void add_scaled(f32 *to, const f32 *row, f32 by, u32 n) { // to += by * row
  u32 i = 0;
  for (; i + 4 <= n; i += 4)
    wasm_v128_store(to + i, wasm_f32x4_add(wasm_v128_load(to + i), wasm_f32x4_mul(wasm_f32x4_splat(by), wasm_v128_load(row + i))));
  for (; i < n; i++) to[i] += by * row[i];
}

static f32 half_to_float(u32 h) {
  u32 sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023, bits;
  f32 v;
  if (exponent == 0) { // zero or subnormal: fraction * 2^-24
    v = (f32)fraction * 5.9604644775390625e-8f;
    return sign ? -v : v;
  }
  bits = sign | (exponent == 31 ? 255u << 23 : (exponent + 112) << 23) | fraction << 13;
  __builtin_memcpy(&v, &bits, 4);
  return v;
}
