package quant

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goldenBlocks returns the blocks of testdata for t.
func goldenBlocks(t *testing.T, typ Type) []byte {
	var halves []byte
	for h := range 1 << 16 {
		switch {
		case typ == F16 && h&0x7c00 != 0x7c00, typ == BF16 && h&0x7f80 != 0x7f80:
			halves = binary.LittleEndian.AppendUint16(halves, uint16(h))
		}
	}
	if halves != nil {
		return halves
	}
	b, err := os.ReadFile(filepath.Join("testdata", "blocks", typ.String()+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// dequantize returns the values of src as their bytes.
func dequantize(typ Type, src []byte) []byte {
	info := types[typ]
	values := make([]float32, len(src)/info.Bytes*info.Values)
	info.Dequantize(values, src)
	out := make([]byte, 4*len(values))
	quantF32(out, values)
	return out
}

// goldenTypes are all types but F32, whose values are its blocks.
func goldenTypes() (list []Type) {
	for typ := range types {
		if typ != F32 {
			list = append(list, typ)
		}
	}
	return list
}

func TestGoldenSums(t *testing.T) {
	f, err := os.Open(filepath.Join("testdata", "blocks", "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		want[name] = sum
	}
	for _, typ := range goldenTypes() {
		sum := sha256.Sum256(dequantize(typ, goldenBlocks(t, typ)))
		if got := hex.EncodeToString(sum[:]); got != want[typ.String()+".f32"] {
			t.Errorf("%v: values have the sum %s, want %s", typ, got, want[typ.String()+".f32"])
		}
	}
}

// TestGoldenValues compares value by value where the reference values are at hand, so that a difference can be placed.
func TestGoldenValues(t *testing.T) {
	dir := filepath.Join(sharedDir(t), "conformance", "blocks")
	for _, typ := range goldenTypes() {
		src, err := os.ReadFile(filepath.Join(dir, typ.String()+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(src, goldenBlocks(t, typ)) {
			t.Errorf("%v: testdata differs from %s", typ, dir)
		}
		want, err := os.ReadFile(filepath.Join(dir, typ.String()+".f32"))
		if err != nil {
			t.Fatal(err)
		}
		got := dequantize(typ, src)
		if len(got) != len(want) {
			t.Errorf("%v: %d bytes of values, want %d", typ, len(got), len(want))
			continue
		}
		for i := 0; i < len(got); i += 4 {
			g, w := binary.LittleEndian.Uint32(got[i:]), binary.LittleEndian.Uint32(want[i:])
			if g != w {
				n := types[typ].Values
				t.Errorf("%v: block %d, value %d: got %v (%08x), want %v (%08x)", typ, i/4/n, i/4%n,
					math.Float32frombits(g), g, math.Float32frombits(w), w)
				break
			}
		}
	}
}

// sharedDir returns the folder of larger reference data beside the repository, and skips the test if there is none.
func sharedDir(t *testing.T) string {
	dir := os.Getenv("LINNET_SHARED")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for !fileExists(filepath.Join(root, "go.mod")) && root != filepath.Dir(root) {
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared")
	}
	if !fileExists(dir) {
		if os.Getenv("LINNET_MUST_SHARED") == "1" {
			t.Fatalf("no reference data at %s", dir)
		}
		t.Skipf("no reference data at %s", dir)
	}
	return dir
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
