package gguf

import (
	"errors"
	"fmt"
	"testing"
)

// FuzzParse holds the promises of Parse for any bytes: no panic, a typed error, the same from memory and from a reader, every value
// that was accepted decodes, and every tensor lies inside the file.
func FuzzParse(f *testing.F) {
	f.Add([]byte(small()))
	f.Add(storiesHead(f))
	for _, list := range [][]hostile{hostileHeaders(), hostileMetadata(), hostileTensors()} {
		for _, c := range list {
			if len(c.b) < 1000 {
				f.Add([]byte(c.b))
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := both(t, b)
		if err == nil {
			checkInside(t, file, len(b))
		} else if _, ok := errors.AsType[*Error](err); !ok {
			t.Fatalf("%v is no *Error", err)
		}
	})
}

// BenchmarkStrings parses and decodes a vocabulary of 256 k tokens.
func BenchmarkStrings(b *testing.B) {
	var list raw
	for i := range 256 << 10 {
		list = list.str(fmt.Sprintf("token%d", i))
	}
	data := withArray(kindString, 256<<10, list)
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseBytes(data); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		file, err := ParseBytes(data)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if v, _, err := file.Value("k"); err != nil || len(v.([]string)) != 256<<10 {
				b.Fatal(v, err)
			}
		}
	})
}
