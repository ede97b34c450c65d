package gguf

import (
	"fmt"
	"io"
	"math/bits"
	"unicode/utf8"

	"github.com/linnet-go/linnet/quant"
)

// Limits of what is read. They bound what a description takes to 192 MiB beside the keys and names themselves.
const (
	maxTensors  = 1 << 20
	maxPairs    = 1 << 20
	maxKey      = 65535   // bytes, the format's own limit
	maxName     = 63      // bytes: the format says 64, its writers count a final NUL among them
	maxDims     = 4       // the format's own limit
	maxElements = 1 << 24 // of one metadata array, those of nested arrays included
	maxDepth    = 4       // arrays in arrays
)

// Alignment of the data section where the file names none, and the bounds of what it may name.
const (
	defaultAlign = 32
	minAlign     = 8
	maxAlign     = 65536
	alignKey     = "general.alignment"
)

// File describes a GGUF file. It is safe for concurrent use as long as its source is.
type File struct {
	Version    uint32   // 2 or 3
	Align      int64    // of the data section and of every tensor in it, bytes: a power of two
	DataOffset int64    // where the data section begins, bytes from the start of the file
	Tensors    []Tensor // in file order

	pairs []pair
	index map[string]int32 // key to its place in pairs

	mem []byte      // the file, when it is in memory
	src io.ReaderAt // the file, when it is not
}

// Tensor describes a weight in a file.
type Tensor struct {
	Name   string
	Type   quant.Type
	Dims   []int // values along each dimension, the fastest first: a matrix is [cols, rows]
	Offset int64 // bytes from the start of the file
	Size   int64 // bytes

	info int64 // where the description stands, for errors
}

// Parse reads the head of the file of size bytes in r: header, metadata and tensor descriptions, not the tensors. Arrays stay in r
// until Value asks for them, so r must stay usable. The error is an *Error.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	if size < 0 {
		panic(fmt.Sprintf("gguf: Parse: size = %d", size))
	}
	return parse(&reader{src: r, size: size}, &File{src: r})
}

// ParseBytes is Parse for a file in memory, which it neither copies nor changes.
func ParseBytes(b []byte) (*File, error) {
	return parse(&reader{window: b, size: int64(len(b))}, &File{mem: b})
}

func parse(r *reader, f *File) (*File, error) {
	nTensors, nPairs, err := f.parseHeader(r)
	if err != nil {
		return nil, within("header", err)
	}
	if err := f.parsePairs(r, nPairs); err != nil {
		return nil, err
	}
	if err := f.parseAlign(); err != nil {
		return nil, err
	}
	if err := f.parseTensors(r, nTensors); err != nil {
		return nil, err
	}
	return f, f.place(r)
}

// parseHeader reads the 24 bytes before the metadata.
func (f *File) parseHeader(r *reader) (nTensors, nPairs uint64, err error) {
	head, err := r.next(min(r.left(), 32), "header")
	if err != nil {
		return 0, 0, err
	}
	if n := min(len(head), 4); n == 0 || string(head[:n]) != "GGUF"[:n] {
		return 0, 0, &Error{Problem: looksLike(head), Err: ErrNotGGUF}
	}
	r.off = min(4, r.size)
	if f.Version, err = r.u32("version"); err != nil {
		return 0, 0, err
	}
	if problem := versionProblem(f.Version); problem != "" {
		return 0, 0, &Error{Problem: problem, Offset: 4, Err: ErrUnsupported}
	}
	if nTensors, err = parseCount(r, "tensors", maxTensors); err != nil {
		return 0, 0, err
	}
	if nPairs, err = parseCount(r, "metadata pairs", maxPairs); err != nil {
		return 0, 0, err
	}
	// The smallest tensor: name of 1 byte, 1 dimension. The smallest pair: key of 1 byte, u8.
	return nTensors, nPairs, r.need(nTensors*(8+1+4+8+4+8)+nPairs*(8+1+4+1), fmt.Sprintf("the description of %d tensors and %d metadata pairs", nTensors, nPairs))
}

// versionProblem says why version v is not read, or nothing.
func versionProblem(v uint32) string {
	switch {
	case v == 2 || v == 3:
		return ""
	case v == 1:
		return "version 1, of which no current tool writes files, is not read; versions 2 and 3 are"
	case v&0xffff == 0 && v != 0:
		return fmt.Sprintf("version %d in big-endian byte order; only little-endian files are read", bits.ReverseBytes32(v))
	}
	return fmt.Sprintf("version %d is not known; versions 2 and 3 are read", v)
}

func parseCount(r *reader, things string, limit uint64) (uint64, error) {
	at := r.off
	n, err := r.u64("the number of " + things)
	if err == nil && n > limit {
		return 0, errorAt(at, "", "claims %d %s, the limit is %d", n, things, limit)
	}
	return n, err
}

// parseAlign takes the alignment from the metadata.
func (f *File) parseAlign() error {
	f.Align = defaultAlign
	i, ok := f.index[alignKey]
	if !ok {
		return nil
	}
	p := &f.pairs[i]
	what := fmt.Sprintf("key %q", alignKey)
	if p.kind != kindU32 {
		return errorAt(p.off, what, "needs a u32, got %v", p.kind)
	}
	v, err := f.value(p)
	if err != nil {
		return within(what, err)
	}
	align := v.(uint64)
	if align < minAlign || align > maxAlign || align&(align-1) != 0 {
		return errorAt(p.off, what, "needs a power of two from %d to %d, got %d", minAlign, maxAlign, align)
	}
	f.Align = int64(align)
	return nil
}

// checkName says what is wrong with the name of a tensor or a key, or nothing. Names become file names and lines of output in
// other hands, so that neither a path nor a control character passes for one.
func checkName(name []byte, limit int) string {
	switch {
	case len(name) == 0:
		return "is empty"
	case len(name) > limit:
		return fmt.Sprintf("is %d bytes long, the limit is %d", len(name), limit)
	case !utf8.Valid(name):
		return "is not valid UTF-8"
	}
	for _, c := range name {
		if c < ' ' || c == 0x7f {
			return fmt.Sprintf("holds the control character %#02x", c)
		}
	}
	return ""
}
