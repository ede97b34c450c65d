package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/linnet-go/linnet/quant"
)

// Writer makes a GGUF file of version 3. The zero value is an empty file.
type Writer struct {
	pairs   []writePair
	tensors []Source
}

type writePair struct {
	key   string
	value any
}

// Source is a tensor to be written: its bytes, or a function that writes them.
type Source struct {
	Name  string
	Type  quant.Type
	Dims  []int // the fastest first
	Data  []byte
	Write func(io.Writer) error // used when Data is nil; it writes exactly the bytes that type and dimensions take
}

// Set adds a metadata pair, or gives a key that was set before another value in its old place. The Go type of the value says how it is
// stored: bool, string, uint8 to uint64, int8 to int64, float32, float64, a slice of one of them, or []any of slices for an array of
// arrays. A plain int names no stored type and is refused by WriteTo. The key general.alignment (uint32) sets the alignment.
func (w *Writer) Set(key string, value any) {
	if i := slices.IndexFunc(w.pairs, func(p writePair) bool { return p.key == key }); i >= 0 {
		w.pairs[i].value = value
		return
	}
	w.pairs = append(w.pairs, writePair{key, value})
}

// Add adds a tensor.
func (w *Writer) Add(t Source) { w.tensors = append(w.tensors, t) }

// WriteTo writes the file and returns its size in bytes. It writes only what Parse accepts: anything else is an error before the first
// byte of output, except for a Source.Write that fails or writes another number of bytes than it should.
func (w *Writer) WriteTo(out io.Writer) (int64, error) {
	head, sizes, align, err := w.head()
	if err != nil {
		return 0, err
	}
	buffered := bufio.NewWriterSize(out, 1<<20)
	o := &counter{w: buffered}
	if _, err := o.Write(head); err != nil {
		return o.n, err
	}
	for i, t := range w.tensors {
		if err := pad(o, align); err != nil {
			return o.n, err
		}
		if err := t.writeTo(o, sizes[i]); err != nil {
			return o.n, fmt.Errorf("gguf: tensor %q: %w", t.Name, err)
		}
	}
	// Readers that map whole blocks of the alignment expect the last tensor to be padded, too.
	if err := pad(o, align); err != nil {
		return o.n, err
	}
	return o.n, buffered.Flush()
}

// head returns what stands before the data section, the sizes of the tensors and the alignment. It is checked by parsing it.
func (w *Writer) head() (head []byte, sizes []int64, align int64, err error) {
	align = defaultAlign
	b := append([]byte("GGUF"), 3, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.tensors)))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(w.pairs)))
	for _, p := range w.pairs {
		if a, ok := p.value.(uint32); ok && p.key == alignKey {
			align = max(int64(a), 1)
		}
		if b, err = appendValue(appendString(b, p.key), p.value, true); err != nil {
			return nil, nil, 0, fmt.Errorf("gguf: key %q: %w", p.key, err)
		}
	}
	var end int64
	for _, t := range w.tensors {
		size, err := t.size()
		if err != nil {
			return nil, nil, 0, fmt.Errorf("gguf: tensor %q: %w", t.Name, err)
		}
		b = binary.LittleEndian.AppendUint32(appendString(b, t.Name), uint32(len(t.Dims)))
		for _, d := range t.Dims {
			b = binary.LittleEndian.AppendUint64(b, uint64(d))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(t.Type))
		b = binary.LittleEndian.AppendUint64(b, uint64(end))
		end += (size + align - 1) / align * align
		sizes = append(sizes, size)
	}
	// Parsing stops at the data, which are not there yet. It looks at 32 bytes to tell what a file is.
	_, err = parse(&reader{window: append(b, make([]byte, 32)...), size: int64(len(b)) + max(align, 32) + end}, &File{mem: b})
	return b, sizes, align, err
}

// size returns the bytes of the tensor.
func (t *Source) size() (int64, error) {
	dims := make([]uint64, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = uint64(d)
	}
	if len(dims) == 0 {
		return 0, errors.New("needs 1 to 4 dimensions, got 0")
	}
	shape := Tensor{Name: t.Name, Type: t.Type}
	if err := shape.shape(dims, 0); err != nil {
		return 0, errors.New(err.Problem) // there is no file yet in which it could have a place
	}
	if t.Data != nil && int64(len(t.Data)) != shape.Size {
		return 0, fmt.Errorf("%v of %v takes %d bytes, got %d", t.Type, t.Dims, shape.Size, len(t.Data))
	}
	if t.Data == nil && t.Write == nil {
		return 0, errors.New("has neither bytes nor a function that writes them")
	}
	return shape.Size, nil
}

func (t *Source) writeTo(o *counter, size int64) error {
	start := o.n
	if t.Data != nil {
		_, err := o.Write(t.Data)
		return err
	}
	if err := t.Write(o); err != nil {
		return err
	}
	if n := o.n - start; n != size {
		return fmt.Errorf("%v of %v takes %d bytes, %d were written", t.Type, t.Dims, size, n)
	}
	return nil
}

// counter counts the bytes that pass.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// pad writes zeros up to a multiple of align.
func pad(o *counter, align int64) error {
	_, err := o.Write(make([]byte, -o.n&(align-1)))
	return err
}
