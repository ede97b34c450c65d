// Package loader opens model files and gives their tensors (names, shapes, bytes) and metadata, whatever the format and wherever they
// stand: mapped from disk, in an fs.FS, in memory. A model split over several files is one model, and so is a Hugging Face folder. Everything that a file claims is
// checked here; no arithmetic is done on weights, and what a key or a tensor means is the engine's business.
package loader
