package safetensors

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/quant"
)

func TestParse(t *testing.T) {
	b := small()
	f, err := both(t, b)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Metadata) != 1 || f.Metadata["format"] != "pt" || f.DataOffset != int64(len(b)-53) {
		t.Errorf("metadata %v, data at %d", f.Metadata, f.DataOffset)
	}
	var got []string
	for _, x := range f.Tensors {
		got = append(got, fmt.Sprint(x.Name, " ", x.DType(), " ", x.Shape, " ", x.Offset-f.DataOffset, "+", x.Size))
	}
	if want := []string{"a F16 [4] 0+8", "b F32 [2 3] 8+24", "cé.😀 BF16 [] 32+2", "ids I64 [1 2] 34+16", "four F4 [2 3] 50+3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, want := range []quant.Type{quant.F16, quant.F32, quant.BF16} {
		if typ, err := f.Tensors[i].Type(); err != nil || typ != want {
			t.Errorf("tensor %q: %v, %v", f.Tensors[i].Name, typ, err)
		}
	}
	_, err = f.Tensors[3].Type()
	if want := `safetensors: tensor "ids": dtype I64 is not read; weights need F32, F16 or BF16 (byte 0x`; !errors.Is(err, ErrUnsupported) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestParseStories(t *testing.T) {
	f, err := both(t, stories(t))
	if err != nil {
		t.Fatal(err)
	}
	last := f.Tensors[len(f.Tensors)-1]
	if got := fmt.Sprint(len(f.Tensors), " ", f.Tensors[0].Name, f.Tensors[0].Shape, " ", last.Name, last.Shape); got != "48 lm_head.weight[512 64] model.norm.weight[64]" {
		t.Error(got)
	}
}

// failing is a file on a broken disk, or one that is shorter than it was said to be.
type failing struct{ err error }

func (f failing) ReadAt(b []byte, off int64) (int, error) { return 0, f.err }

func TestParseReadFails(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, c := range []struct {
		err, is error
		want    string
	}{
		{broken, broken, "safetensors: header: disk on fire (byte 0x0)"},
		{io.EOF, ErrTruncated, "safetensors: header: the file ends 9 bytes before its stated size allows (byte 0x0)"},
	} {
		if _, err := Parse(failing{c.err}, 1000); !errors.Is(err, c.is) || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// FuzzParse holds the promises of Parse for any bytes: no panic, a typed error, the same from memory and from a reader, and the tensors of a
// file that was accepted are all of its data, each once.
func FuzzParse(f *testing.F) {
	f.Add(small())
	for _, c := range hostileFiles() {
		if len(c.b) < 1000 {
			f.Add(c.b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := both(t, b)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%v is no *Error", err)
			}
			return
		}
		next := file.DataOffset
		for _, x := range file.Tensors {
			if x.Offset != next || x.Size <= 0 {
				t.Fatalf("tensor %q has %d bytes at %d, want %d", x.Name, x.Size, x.Offset, next)
			}
			next += x.Size
		}
		if next != int64(len(b)) {
			t.Fatalf("the tensors end at %d of %d bytes", next, len(b))
		}
	})
}

// FuzzJSON reads any bytes as the files beside the weights.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"model_type":"llama","rope_scaling":{"factor":8.0,"short":[1.5,2]},"a":[1,-2,[true,null],{"b":"\u00e9\ud83d\ude00"}],"t":[0.0,Infinity]}`))
	f.Add([]byte(`{"metadata":{"total_size":5},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		config, err := ParseConfig(b)
		if _, ok := errors.AsType[*Error](err); err != nil && !ok {
			t.Fatalf("%v is no *Error", err)
		}
		if err == nil {
			for _, key := range config.Keys() {
				if _, ok := config.Value(key); !ok {
					t.Fatalf("key %q has no value", key)
				}
			}
		}
		index, err := ParseIndex(b)
		if _, ok := errors.AsType[*Error](err); err != nil && !ok {
			t.Fatalf("%v is no *Error", err)
		}
		if err == nil {
			for _, shard := range index.Shards {
				if strings.ContainsAny(shard, "/\\") || shard == ".." {
					t.Fatalf("%q is a path", shard)
				}
			}
		}
	})
}
