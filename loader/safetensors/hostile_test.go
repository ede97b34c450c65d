package safetensors

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// hostile is a file that must be refused, and how.
type hostile struct {
	name string
	b    []byte
	is   error  // the sentinel, or nil for an error without one
	want string // part of the message
}

// tensor is a header of one tensor.
func tensor(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"w":{"dtype":"%s","shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

// two is a header of two tensors of 4 and 8 bytes.
func two(a, b string) string {
	return fmt.Sprintf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":%s},"b":{"dtype":"F32","shape":[2],"data_offsets":%s}}`, a, b)
}

// one describes a tensor of 4 bytes.
const one = `{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`

func hostileFiles() []hostile {
	return slices.Concat(hostileHeaders(), hostileTensors(), hostilePlaces())
}

func hostileHeaders() []hostile {
	return []hostile{
		{"0 bytes", nil, ErrTruncated, "header: needs 8 bytes for its length and a JSON object, the file has 0 (byte 0x0)"},
		{"7 bytes", make([]byte, 7), ErrTruncated, "the file has 7"},
		{"GGUF", []byte("GGUF\x03\x00\x00\x00\x00\x00\x00\x00"), ErrNotSafetensors, `not a safetensors file: begins with "GGUF`},
		{"header of 0 bytes", claiming(0, "{}"), nil, "header: the JSON text ends too early"},
		{"header of 2^63 bytes", claiming(1<<63, "{}"), nil, "claims 9223372036854775808 bytes, the limit is 100000000 (byte 0x0)"},
		{"header of 2^64-1 bytes", claiming(1<<64-1, "{}"), nil, "claims 18446744073709551615 bytes"},
		{"header of 100 MB and 1", claiming(100_000_001, "{}"), nil, "claims 100000001 bytes"},
		{"header of 100 MB in a small file", claiming(100_000_000, "{}"), ErrTruncated, "needs 100000000 bytes, 2 are left (byte 0x8)"},
		{"header cut short", file(`{"w":{"dtype":"F32","sh`, 0), nil, "a string has no end"},
		{"two objects", file("{} {}", 0), nil, `need nothing, got "{}"`},
		{"white space first", file(" {}", 0), ErrNotSafetensors, "begins with"},
		{"a NUL after it", file("{}\x00", 0), nil, `need nothing, got "\x00"`},
		{"depth 1e5", file(`{"w":`+strings.Repeat("[", 1e5), 0), nil, "need an object, got an array"},
		{"depth 1e5 in metadata", file(`{"__metadata__":{"a":`+strings.Repeat(`{"a":`, 1e5), 0), nil, "need a string, got an object"},
		{"1e6 keys", file("{"+strings.Repeat(`"w":`+one+",", 1e6)+`"w":1}`, 4), nil, "stands there twice"},
		{"1e6 keys in metadata", file(`{"__metadata__":{`+numbered(1e6)+`}}`, 0), nil, "has more than 262144 keys"},
	}
}

func hostileTensors() []hostile {
	return []hostile{
		{"no object", file(`{"w":[]}`, 0), nil, `tensor "w": need an object, got an array (byte 0xd)`},
		{"no dtype", file(`{"w":{"shape":[1],"data_offsets":[0,4]}}`, 4), nil, `tensor "w": has no dtype`},
		{"no shape", file(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4), nil, "has no shape"},
		{"no offsets", file(`{"w":{"dtype":"F32","shape":[1]}}`, 4), nil, "has no data_offsets"},
		{"unknown field", file(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"scale":2}}`, 4), nil, `has the field "scale", which is not known`},
		{"unknown dtype", file(tensor("Q4_0", "[1]", "[0,4]"), 4), ErrUnsupported, `tensor "w": dtype "Q4_0" is not known`},
		{"dtype twice", file(`{"w":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}`, 4), nil, `"dtype" stands there twice`},
		{"tensor twice", file(`{"w":`+one+`,"w":`+one+`}`, 4), nil, `header: tensor "w" stands there twice`},
		{"tensor twice, escaped", file(`{"w":`+one+`,"\u0077":`+one+`}`, 4), nil, `tensor "w" stands there twice`},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, 0), nil, `"__metadata__" stands there twice`},
		{"metadata key twice", file(`{"__metadata__":{"a":"","a":""}}`, 0), nil, `__metadata__: key "a" stands there twice`},
		{"metadata of numbers", file(`{"__metadata__":{"a":1}}`, 0), nil, "__metadata__: need a string, got a number"},
		{"no name", file(`{"":`+one+`}`, 4), nil, `tensor "" has no name`},
		{"long name", file(`{"`+strings.Repeat("w", 1025)+`":`+one+`}`, 4), nil, "has a name of 1025 bytes, the limit is 1024"},
		{"line break in a name", file(`{"a\nb":`+one+`}`, 4), nil, "has the control character 0x0a in its name"},
		{"name that is not UTF-8", file("{\"\xff\":"+one+"}", 4), nil, "a string is not valid UTF-8"},
		{"lone surrogate", file(`{"\ud83d":`+one+`}`, 4), nil, `a string has the escape "\\ud83d", which means nothing`},
		{"surrogates in the wrong order", file(`{"\ude00\ud83d":`+one+`}`, 4), nil, "which means nothing"},
	}
}

func hostilePlaces() []hostile {
	return []hostile{
		{"9 dimensions", file(tensor("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4), nil, "need at most 8 integers"},
		{"dimension 0", file(tensor("F32", "[2,0]", "[0,0]"), 0), nil, "dimension 1 needs to be at least 1, got 0"},
		{"dimension -1", file(tensor("F32", "[-1]", "[0,4]"), 4), nil, "need an integer from 0 to 2^63-1, got -1"},
		{"dimension 1.0", file(tensor("F32", "[1.0]", "[0,4]"), 4), nil, "got 1.0"},
		{"dimension 2^63", file(tensor("F32", "[9223372036854775808]", "[0,4]"), 4), nil, "got 9223372036854775808"},
		{"dimension NaN", file(tensor("F32", "[NaN]", "[0,4]"), 4), nil, "got NaN"},
		{"dimension in quotes", file(tensor("F32", `["1"]`, "[0,4]"), 4), nil, "need an integer, got a string"},
		{"product 2^64", file(tensor("F32", "[4294967296,4294967296]", "[0,0]"), 0), nil, "larger than an address"},
		{"bytes wrap to 4", file(tensor("F32", "[4611686018427387905]", "[0,4]"), 4), nil, "larger than an address"},
		{"shape and size disagree", file(tensor("F32", "[2,3]", "[0,20]"), 20), nil, `tensor "w": F32 of [2 3] takes 192 bits, data_offsets hold 20 bytes`},
		{"dtype and size disagree", file(tensor("F16", "[2,3]", "[0,24]"), 24), nil, "F16 of [2 3] takes 96 bits"},
		{"no whole byte", file(tensor("F4", "[3]", "[0,1]"), 1), nil, "F4 of [3] takes 12 bits"},

		{"1 offset", file(tensor("F32", "[1]", "[4]"), 4), nil, "need to be a begin and an end, got [4]"},
		{"3 offsets", file(tensor("F32", "[1]", "[0,4,8]"), 4), nil, "need at most 2 integers"},
		{"reversed", file(tensor("F32", "[1]", "[4,0]"), 4), nil, "need to be a begin and an end, got [4 0]"},
		{"past the end", file(tensor("F32", "[1]", "[4,8]"), 4), ErrTruncated, "needs the bytes from 4 to 8 of the data section, which has 4"},
		{"offset 2^63-1", file(tensor("F32", "[1]", "[9223372036854775803,9223372036854775807]"), 4), ErrTruncated, "needs the bytes from 9223372036854775803"},
		{"overlap", file(two("[0,4]", "[2,10]"), 12), nil, `tensor "b": its bytes from 2 overlap those of "a", which end at 4`},
		{"same place", file(two("[0,4]", "[0,8]"), 8), nil, "overlap"},
		{"hole", file(two("[0,4]", "[8,16]"), 16), nil, `tensor "b": its bytes begin at 8 of the data section, those before it end at 4`},
		{"hole at the start", file(tensor("F32", "[1]", "[4,8]"), 8), nil, "its bytes begin at 4"},
		{"hole at the end", file(tensor("F32", "[1]", "[0,4]"), 8), nil, "the tensors end at 4 of the data section, which has 8 bytes"},
		{"data without tensors", file("{}", 4), nil, "the tensors end at 0"},
	}
}

// numbered is n keys with strings.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"%d":"",`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// manyTensors is a header that describes n tensors of one byte.
func manyTensors(n int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		fmt.Fprintf(&b, `"%d":{"dtype":"U8","shape":[],"data_offsets":[%d,%d]},`, i, i, i+1)
	}
	return strings.TrimSuffix(b.String(), ",") + "}"
}

// refuse checks an error and what it cost.
func refuse(t *testing.T, c hostile, parse func() error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := parse()
	runtime.ReadMemStats(&after)
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Err != c.is || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 400 {
		t.Errorf("got  %v (%v)\nwant %v (%v)", err, e.Err, c.want, c.is)
	}
	if e.Offset < 0 || e.Offset > int64(len(c.b)) {
		t.Errorf("offset %d in a file of %d bytes", e.Offset, len(c.b))
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(2*len(c.b))+192<<20 {
		t.Errorf("%d bytes allocated for a file of %d", n, len(c.b))
	}
}

// TestHostile parses files that lie. None may cost more memory than its size and a little.
func TestHostile(t *testing.T) {
	many := hostile{"more tensors than the limit", file(manyTensors(maxTensors+1), maxTensors+1), nil, "describes more than 262144 tensors"}
	for _, c := range append(hostileFiles(), many) {
		t.Run(c.name, func(t *testing.T) {
			refuse(t, c, func() error { _, err := both(t, c.b); return err })
		})
	}
}

// hostileText is a JSON text that must be refused, and part of the message.
type hostileText struct{ name, text, want string }

func refuseTexts(t *testing.T, texts []hostileText, parse func([]byte) error) {
	for _, c := range texts {
		t.Run(c.name, func(t *testing.T) {
			refuse(t, hostile{c.name, []byte(c.text), nil, c.want}, func() error { return parse([]byte(c.text)) })
		})
	}
}

func TestHostileIndex(t *testing.T) {
	const shard = `{"weight_map":{"a":"%s"}}`
	refuseTexts(t, []hostileText{
		{"empty index", "", "the JSON text ends too early"},
		{"no map", `{"metadata":{"total_size":1}}`, "has no weight_map"},
		{"map twice", `{"weight_map":{"a":"b.safetensors"},"weight_map":{}}`, "weight_map stands there twice"},
		{"tensor twice", `{"weight_map":{"a":"b.safetensors","a":"c.safetensors"}}`, `weight_map: key "a" stands there twice`},
		{"number", `{"weight_map":{"a":1}}`, "weight_map: need a string, got a number"},
		{"list", `{"weight_map":[]}`, "weight_map: need an object, got an array"},
		{"parent", fmt.Sprintf(shard, "../b.safetensors"), `weight_map: tensor "a": the file name "../b.safetensors" is a path, not a plain name`},
		{"absolute", fmt.Sprintf(shard, "/etc/b.safetensors"), "is a path"},
		{"backslash", fmt.Sprintf(shard, `..\\b.safetensors`), "is a path"},
		{"drive", fmt.Sprintf(shard, `c:b.safetensors`), "is a path"},
		{"folder", fmt.Sprintf(shard, "x/b.safetensors"), "is a path"},
		{"dots", fmt.Sprintf(shard, ".."), "is a path"},
		{"no name", fmt.Sprintf(shard, ""), "has no name"},
		{"NUL", fmt.Sprintf(shard, `b\u0000.safetensors`), "control character 0x00"},
		{"itself", fmt.Sprintf(shard, "model.safetensors.index.json"), "does not end in .safetensors"},
		{"1e6 tensors", `{"weight_map":{` + numbered(1e6) + `}}`, "has more than 262144 keys"},
		{"depth 1e5", `{"metadata":` + strings.Repeat(`{"a":`, 1e5), "deeper than 64"},
		{"after the end", `{"weight_map":{"a":"b.safetensors"}}{`, "need nothing"},
	}, func(b []byte) error { _, err := ParseIndex(b); return err })
}

func TestHostileConfig(t *testing.T) {
	refuseTexts(t, []hostileText{
		{"no object", `[]`, "need an object, got an array"},
		{"HTML", `<!DOCTYPE html>`, `need a value, got "<!DOCTYPE html>"`},
		{"key twice", `{"a":1,"b":2,"a":1}`, `key "a" stands there twice (byte 0xd)`},
		{"object twice", `{"a":{},"a":{}}`, `key "a" stands there twice`},
		{"path twice", `{"a.b":1,"a":{"b":2}}`, `key "a.b" stands there twice`},
		{"path of an element twice", `{"a.0":{"b":1},"a":[{"b":1}]}`, `key "a.0.b" stands there twice`},
		{"long path", `{"` + strings.Repeat("a", 200) + `":{"` + strings.Repeat("b", 56) + `":1}}`, "has more than 256 bytes"},
		{"1e5 keys", "{" + numbered(1e5) + "}", "has more than 65536 keys"},
		{"depth 65", `{"a":` + strings.Repeat("[", 64), "deeper than 64"},
		{"depth 1e6", strings.Repeat(`{"a":`, 1e6), "deeper than 64"},
		{"cut", `{"a":1`, "the JSON text ends too early"},
		{"cut after a key", `{"a":`, "the JSON text ends too early"},
		{"cut after a comma", `{"a":1,`, "need a key in quotes"},
		{"no colon", `{"a" 1}`, "need a colon"},
		{"comma at the end", `{"a":1,}`, `need a key in quotes, got "}"`},
		{"comma at the end of a list", `{"a":[1,]}`, `need a value, got "]}"`},
		{"no comma", `{"a":1 "b":2}`, "need a comma"},
		{"wrong bracket", `{"a":[1}`, "need a comma or the end"},
		{"leading zero", `{"a":01}`, "need a value"},
		{"plus", `{"a":+1}`, "need a value"},
		{"point", `{"a":1.}`, "need a value"},
		{"exponent", `{"a":1e}`, "need a value"},
		{"nan", `{"a":nan}`, "need a value"},
		{"True", `{"a":True}`, "need a value"},
		{"trues", `{"a":trues}`, "need a value"},
		{"escape", `{"a":"\x41"}`, `has the escape "\\x41"`},
		{"hex", `{"a":"\u00g1"}`, "which means nothing"},
		{"tab in a string", "{\"a\":\"\t\"}", "control character 0x09"},
	}, func(b []byte) error { _, err := ParseConfig(b); return err })
}

// TestAccepted holds the correct neighbours of what is refused.
func TestAccepted(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":            file("{}", 0),
		"long name":          file(`{"`+strings.Repeat("w", 1024)+`":`+one+`}`, 4),
		"8 dimensions":       file(tensor("F32", "[1,1,1,1,1,1,1,1]", "[0,4]"), 4),
		"white space inside": file("{ \"w\"\n:\t"+one+"\r}  ", 4),
	} {
		if _, err := both(t, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseConfig([]byte(`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`)); err != nil {
		t.Errorf("depth 64: %v", err)
	}
}
