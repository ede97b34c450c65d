// Package gguf reads and writes GGUF files, the format of ggml models: a header, typed metadata, tensor descriptions and the tensors' bytes.
// It checks every count, length and offset before it uses one, because a model file comes from a stranger; it knows nothing of what
// the metadata mean to a model, and does no arithmetic on weights.
//
// A file, all numbers little-endian (versions 2 and 3, which differ only in that 3 may also be big-endian; such a file is refused):
//
//	"GGUF"  version u32  tensors u64  pairs u64
//	pairs × { key string, value type u32, value }                       string: length u64, bytes (UTF-8, no NUL at the end)
//	tensors × { name string, dims u32, dims × u64, type u32, offset u64 }  array: element type u32, count u64, elements
//	zeros up to a multiple of the alignment
//	data: each tensor at its offset, counted from here
//
// Source: docs/gguf.md of the ggml project.
package gguf
