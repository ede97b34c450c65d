// Package kernels holds the operations that a transformer is made of, for every instruction-set level: matrix products on packed
// weights, norms, RoPE, activations, attention. One file an operation; generic_*.go is the pure Go that builds everywhere and
// explains the operation; level*.go are the levels as values. Kernels know nothing of layers, models or files.
//
// Every operation has one order of its floating-point steps, fixed here and independent of the vector width, the number of
// workers and of what else is computed in the same call. So every level gives the same bits, and tests compare for equality:
//
//   - Products of quantised weights (class I8): activations are rounded to 8 bits in blocks of 32 k (Quantize). For one row and one
//     token, blocks in ascending k: n = Σ code·q - offset·Σq is exact in int32; acc = fma(f32(n)·s, D, acc), s the scale of the
//     block; with a minimum m then acc = fma(m, D·Σq, acc). Types with a scale for each 16 k: f = f32(n0)·s0; f = fma(f32(n1), s1, f);
//     acc = fma(f, D, acc), with minimums g likewise from Σq of each half, acc = fma(g, D, acc).
//   - Products of F32, F16, BF16 weights: one chain acc = fma(w, x, acc) a row, k in the order 0 2 1 3 of each group of four.
//   - Sums over a row (norms, softmax) run in 16 lanes: lane l takes elements l, l+16, ... in ascending order; then a tree adds
//     lane i and lane i + half, half = 8, 4, 2, 1.
//   - Division and square root are IEEE; exp is one polynomial written as FMAs; subnormal numbers are kept.
package kernels
