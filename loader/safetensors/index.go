package safetensors

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// maxShards bounds the files of a model.
const maxShards = 1 << 12

// Index says which tensors of a model stand in which file: the content of a model.safetensors.index.json.
type Index struct {
	Shards []string          // the names of the files, sorted
	Tensor map[string]string // name of a tensor to that of its file
}

// ParseIndex reads an index file. The name of a shard is the plain name of a file with the ending .safetensors: no path leads out of the
// folder or back to the index. The error is an *Error.
func ParseIndex(b []byte) (*Index, error) {
	r := &jsonReader{b: b}
	x := &Index{}
	if err := x.parse(r); err != nil {
		return nil, err
	}
	shards := map[string]bool{}
	for name, shard := range x.Tensor {
		if shards[shard] {
			continue
		}
		if problem := checkShard(shard); problem != "" {
			return nil, &Error{What: "weight_map", Problem: (&Tensor{Name: name}).what() + ": the file name " + problem}
		}
		shards[shard] = true
		if len(shards) > maxShards {
			return nil, r.errorf("weight_map names more than %d files", maxShards)
		}
	}
	x.Shards = slices.Sorted(maps.Keys(shards))
	return x, nil
}

func (x *Index) parse(r *jsonReader) error {
	if err := r.must(beginObject); err != nil {
		return err
	}
	for {
		ok, err := r.more()
		switch {
		case err != nil:
			return err
		case !ok && x.Tensor == nil:
			return r.errorf("has no weight_map")
		case !ok:
			return r.must(end)
		case string(r.raw) != "weight_map":
			err = r.skip() // metadata: sizes that nothing is done with
		case x.Tensor != nil:
			return r.errorf("weight_map stands there twice")
		default:
			x.Tensor, err = r.texts("weight_map", maxTensors)
		}
		if err != nil {
			return err
		}
	}
}

// checkShard says what is wrong with the name of a shard, or nothing.
func checkShard(name string) string {
	switch problem := checkName(name); {
	case problem != "":
		return problem
	case strings.ContainsAny(name, `/\:`) || !filepath.IsLocal(name):
		return fmt.Sprintf("%.64q is a path, not a plain name", name)
	case !strings.HasSuffix(name, ".safetensors"):
		return fmt.Sprintf("%.64q does not end in .safetensors", name)
	}
	return ""
}
