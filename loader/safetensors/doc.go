// Package safetensors reads safetensors files, the format of Hugging Face models, and the JSON files that stand beside them: the index of a
// model in several files, and its configuration. It checks every length, offset and shape before it uses one, because a model file
// comes from a stranger; it knows nothing of what names and values mean to a model, and does no arithmetic on weights.
//
// A file:
//
//	header length u64, little-endian
//	header: a JSON object, padded with spaces
//	    { "__metadata__": { string: string },
//	      tensor name: { "dtype": "F32", "shape": [rows, cols], "data_offsets": [begin, end] } }
//	data: the bytes begin to end of each tensor, counted from here, little-endian, rows one after the other; together they are all of it
//
// Source: README of the safetensors project, "Format".
package safetensors
