package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"

	"github.com/linnet-go/linnet/quant"
)

// Limits of what is read. The format sets that of the header; the others bound what a description takes beside the names themselves.
const (
	maxHeader  = 100_000_000 // bytes
	maxTensors = 1 << 18
	maxName    = 1024 // bytes
	maxDims    = 8
)

// File describes a safetensors file.
type File struct {
	DataOffset int64    // where the data section begins, bytes from the start of the file
	Tensors    []Tensor // in the order of their bytes
	Metadata   map[string]string
}

// Tensor describes the values in a file.
type Tensor struct {
	Name   string
	Shape  []int64 // values along each dimension, the slowest first: a matrix is [rows, cols], a single value has none
	Offset int64   // bytes from the start of the file
	Size   int64   // bytes

	dtype *dtype
	info  int64 // where the description stands, for errors
}

// DType returns the type of the values by its name in the format, such as "BF16".
func (t *Tensor) DType() string { return t.dtype.name }

// Type returns the weight type of a tensor. The error is an ErrUnsupported that names the tensor and its dtype.
func (t *Tensor) Type() (quant.Type, error) {
	if !t.dtype.weight {
		return 0, &Error{What: t.what(), Problem: fmt.Sprintf("dtype %s is not read; weights need F32, F16 or BF16", t.DType()), Offset: t.info, Err: ErrUnsupported}
	}
	return t.dtype.typ, nil
}

func (t *Tensor) what() string { return fmt.Sprintf("tensor %q", t.Name) }

// Parse reads the head of the file of size bytes in r: the descriptions, not the tensors. The error is an *Error.
func Parse(r io.ReaderAt, size int64) (*File, error) {
	if size < 0 {
		panic(fmt.Sprintf("safetensors: Parse: size = %d", size))
	}
	n, err := headerLength(r, size)
	if err != nil {
		return nil, within("header", err)
	}
	header := make([]byte, n)
	if err := readFull(r, header, 8); err != nil {
		return nil, within("header", err)
	}
	return parse(header, size)
}

// ParseBytes is Parse for a file in memory, which it neither copies nor changes.
func ParseBytes(b []byte) (*File, error) {
	n, err := headerLength(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, within("header", err)
	}
	return parse(b[8:8+n], int64(len(b)))
}

// headerLength reads the length of the header and checks it, and that a JSON object follows, before anyone allocates by it.
func headerLength(r io.ReaderAt, size int64) (int64, error) {
	var head [9]byte
	if size < int64(len(head)) {
		return 0, &Error{Problem: fmt.Sprintf("needs 8 bytes for its length and a JSON object, the file has %d", size), Offset: size, Err: ErrTruncated}
	}
	if err := readFull(r, head[:], 0); err != nil {
		return 0, err
	}
	n := binary.LittleEndian.Uint64(head[:])
	switch {
	case head[8] != '{':
		return 0, &Error{Problem: fmt.Sprintf("begins with %q, need a header length of 8 bytes and a JSON object", head[:]), Err: ErrNotSafetensors}
	case n > maxHeader:
		return 0, &Error{Problem: fmt.Sprintf("claims %d bytes, the limit is %d", n, maxHeader)}
	case n > uint64(size-8):
		return 0, &Error{Problem: fmt.Sprintf("needs %d bytes, %d are left", n, size-8), Offset: 8, Err: ErrTruncated}
	}
	return int64(n), nil
}

// readFull reads len(b) bytes at off, all of which the file was said to have.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return &Error{Problem: fmt.Sprintf("the file ends %d bytes before its stated size allows", len(b)-n), Offset: off + int64(n), Err: ErrTruncated}
	}
	return &Error{Problem: err.Error(), Offset: off, Err: err}
}

// parse reads the header of a file of size bytes.
func parse(header []byte, size int64) (*File, error) {
	f := &File{DataOffset: 8 + int64(len(header))}
	r := &jsonReader{b: header, base: 8}
	err := f.parseHeader(r)
	if err == nil {
		err = r.must(end)
	}
	if err != nil {
		return nil, within("header", err)
	}
	return f, f.place(size - f.DataOffset)
}

func (f *File) parseHeader(r *jsonReader) error {
	if err := r.must(beginObject); err != nil {
		return err
	}
	seen := make(map[string]struct{})
	for {
		ok, err := r.more()
		if err != nil || !ok {
			return err
		}
		name, err := r.plain()
		if err != nil {
			return err
		}
		t := Tensor{Name: name, info: r.base + int64(r.at)}
		if _, ok := seen[name]; ok {
			return r.errorf("%s stands there twice", t.what())
		}
		seen[name] = struct{}{}
		if name == "__metadata__" {
			if f.Metadata, err = r.texts("__metadata__", maxTensors); err != nil {
				return err
			}
			continue
		}
		if problem := checkName(name); problem != "" {
			return r.errorf("tensor %.64q %s", name, problem)
		}
		if len(f.Tensors) == maxTensors {
			return r.errorf("describes more than %d tensors", maxTensors)
		}
		if err := t.parse(r); err != nil {
			return within(t.what(), err)
		}
		f.Tensors = append(f.Tensors, t)
	}
}

// checkName says what is wrong with the name of a tensor, or nothing: names become lines of output in other hands.
func checkName(name string) string {
	switch {
	case name == "":
		return "has no name"
	case len(name) > maxName:
		return fmt.Sprintf("has a name of %d bytes, the limit is %d", len(name), maxName)
	}
	for i := range len(name) {
		if c := name[i]; c < ' ' || c == 0x7f {
			return fmt.Sprintf("has the control character %#02x in its name", c)
		}
	}
	return ""
}

// fields are what describes a tensor, each once.
var fields = []string{"dtype", "shape", "data_offsets"}

// parse reads the description of a tensor; offsets stay relative to the data section.
func (t *Tensor) parse(r *jsonReader) error {
	if err := r.must(beginObject); err != nil {
		return err
	}
	var offsets []int64
	var seen [3]bool
	for {
		ok, err := r.more()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		i := slices.IndexFunc(fields, func(name string) bool { return string(r.raw) == name })
		switch {
		case i < 0:
			return r.errorf("has the field %.64q, which is not known", r.raw)
		case seen[i]:
			return r.errorf("%q stands there twice", r.raw)
		}
		switch seen[i] = true; i {
		case 0:
			err = t.setDType(r)
		case 1:
			t.Shape, err = r.integers(maxDims)
		case 2:
			offsets, err = r.integers(2)
		}
		if err != nil {
			return err
		}
	}
	for i, name := range fields {
		if !seen[i] {
			return r.errorf("has no %s", name)
		}
	}
	if len(offsets) != 2 || offsets[0] > offsets[1] {
		return r.errorf("data_offsets need to be a begin and an end, got %v", offsets)
	}
	t.Offset, t.Size = offsets[0], offsets[1]-offsets[0]
	return t.check(r)
}

func (t *Tensor) setDType(r *jsonReader) error {
	err := r.must(text)
	if err != nil {
		return err
	}
	if t.dtype = findDType(string(r.raw)); t.dtype == nil {
		err := r.errorf("dtype %.32q is not known", r.raw)
		err.Err = ErrUnsupported
		return err
	}
	return nil
}

// check compares shape and type with the size.
func (t *Tensor) check(r *jsonReader) error {
	total := t.dtype.bits
	for i, n := range t.Shape {
		if n == 0 {
			return r.errorf("dimension %d needs to be at least 1, got 0", i)
		}
		hi, lo := bits.Mul64(total, uint64(n))
		if hi != 0 || lo > math.MaxInt64 || lo/8 > math.MaxInt {
			return r.errorf("its shape %v makes it larger than an address", t.Shape)
		}
		total = lo
	}
	if total%8 != 0 || total/8 != uint64(t.Size) {
		return r.errorf("%s of %v takes %d bits, data_offsets hold %d bytes", t.DType(), t.Shape, total, t.Size)
	}
	return nil
}

// place moves the offsets of all tensors to the start of the file. It checks that each lies inside the data section, of size bytes, and that
// they follow each other without a gap, whatever the order of their names.
func (f *File) place(size int64) error {
	slices.SortStableFunc(f.Tensors, func(a, b Tensor) int {
		return int(min(max(a.Offset-b.Offset, -1), 1))
	})
	next := int64(0)
	for i := range f.Tensors {
		t := &f.Tensors[i]
		problem, kind := "", error(nil)
		switch {
		case t.Offset > size || t.Size > size-t.Offset:
			problem = fmt.Sprintf("needs the bytes from %d to %d of the data section, which has %d", t.Offset, t.Offset+t.Size, size)
			kind = ErrTruncated
		case t.Offset < next:
			problem = fmt.Sprintf("its bytes from %d overlap those of %q, which end at %d", t.Offset, f.Tensors[i-1].Name, next)
		case t.Offset > next:
			problem = fmt.Sprintf("its bytes begin at %d of the data section, those before it end at %d", t.Offset, next)
		}
		if problem != "" {
			return &Error{What: t.what(), Problem: problem, Offset: t.info, Err: kind}
		}
		next = t.Offset + t.Size
		t.Offset += f.DataOffset
	}
	if next != size {
		return &Error{Problem: fmt.Sprintf("the tensors end at %d of the data section, which has %d bytes", next, size), Offset: f.DataOffset + next}
	}
	return nil
}

// texts reads the next value, which needs to be an object of at most limit strings.
func (r *jsonReader) texts(what string, limit int) (map[string]string, error) {
	if err := r.must(beginObject); err != nil {
		return nil, within(what, err)
	}
	m := map[string]string{}
	for {
		ok, err := r.more()
		if err != nil || !ok {
			return m, within(what, err)
		}
		k, err := r.plain()
		if err != nil {
			return nil, within(what, err)
		}
		if _, ok := m[k]; ok {
			return nil, within(what, r.errorf("key %.64q stands there twice", k))
		}
		if len(m) == limit {
			return nil, within(what, r.errorf("has more than %d keys", limit))
		}
		if m[k], err = r.string(); err != nil {
			return nil, within(what, err)
		}
	}
}
