package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/linnet-go/linnet/engine"
	"github.com/linnet-go/linnet/loader"
)

// inspect are the flags of linnet inspect.
type inspect struct {
	*app
	tensors, meta bool
	keys          []string
}

// inspection is what linnet inspect tells.
type inspection struct {
	File         string         `json:"file"`
	Format       string         `json:"format"`
	Bytes        int64          `json:"bytes"`
	Architecture string         `json:"architecture"`
	Name         string         `json:"name,omitempty"`
	Runs         bool           `json:"runs"`
	Reason       string         `json:"reason,omitempty"` // why it does not
	Parameters   int64          `json:"parameters"`       // values of all tensors
	Tensors      int            `json:"tensors"`
	Types        []typeUse      `json:"types"`
	Shape        *shape         `json:"shape,omitempty"` // if it runs
	Tokenizer    vocabulary     `json:"tokenizer"`
	ChatTemplate bool           `json:"chat_template"`
	Memory       *memory        `json:"memory,omitempty"` // if it runs
	TensorList   []tensor       `json:"tensor_list,omitempty"`
	Meta         map[string]any `json:"meta,omitempty"`
}

// typeUse is how much of a model is of a weight type.
type typeUse struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
	Values  int64  `json:"values"`
	Bytes   int64  `json:"bytes"`
}

type shape struct {
	Layers  int `json:"layers"`
	Dim     int `json:"dim"`
	Heads   int `json:"heads"`
	KVHeads int `json:"kv_heads"`
	HeadDim int `json:"head_dim"`
	FFN     int `json:"ffn"`
	Vocab   int `json:"vocab"`
	Context int `json:"context"` // tokens it was trained on
}

type vocabulary struct {
	Model  string `json:"model,omitempty"`
	Pre    string `json:"pre,omitempty"`
	Tokens int    `json:"tokens"`
	BOS    int32  `json:"bos"` // -1: none
	EOS    int32  `json:"eos"`
	AddBOS bool   `json:"add_bos"`
	Error  string `json:"error,omitempty"` // why it does not work
}

// memory is what running the model takes, in bytes.
type memory struct {
	Weights  int64  `json:"weights"` // packed
	Buffers  int64  `json:"buffers"`
	Cache    int64  `json:"cache"` // of a full context
	PerToken int64  `json:"cache_per_token"`
	Type     string `json:"cache_type"`
	Context  int    `json:"context"` // tokens
}

type tensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Dims  []int  `json:"dims"` // the fastest first
	Bytes int64  `json:"bytes"`
}

func (a *app) inspectCommand() *cobra.Command {
	i := &inspect{app: a}
	cmd := &cobra.Command{
		Use:   "inspect [FILE]",
		Short: "show what a model file is and whether it runs here",
		Long: `Shows what a model file is, whether it runs on this machine and if not why, its size, weight types, tokenizer, and the memory that it
will take with the given --ctx and --kv. Without FILE it is the --model.`,
		Example: `  linnet inspect model.gguf
  linnet inspect model.gguf --keys general.name,tokenizer.chat_template`,
		Args: atMost(1, "one file"),
		RunE: i.run,
	}
	f := cmd.Flags()
	f.BoolVar(&i.tensors, "tensors", false, "list all tensors")
	f.BoolVar(&i.meta, "meta", false, "list all metadata, long values shortened (whole with --json)")
	f.StringSliceVar(&i.keys, "keys", nil, "show the values of these metadata `KEYS` alone, whole (between commas, or repeated)")
	return cmd
}

func (i *inspect) run(_ *cobra.Command, args []string) error {
	if len(args) == 1 {
		i.model = args[0]
	}
	f, err := i.openFile()
	if err != nil {
		return err
	}
	defer f.Close()
	if len(i.keys) > 0 {
		return i.printKeys(f)
	}
	r := &inspection{File: i.name(), Format: f.Format(), Bytes: f.Size()}
	r.Architecture, _ = metaText(f, "general.architecture")
	r.Name, _ = metaText(f, "general.name")
	_, r.ChatTemplate = metaText(f, "tokenizer.chat_template")
	list := countTensors(f, r)
	if i.tensors {
		r.TensorList = list
	}
	r.Tokenizer = inspectTokenizer(f)
	if err := i.tryToRun(f, r); err != nil {
		return err
	}
	if i.meta {
		r.Meta = allMeta(f)
	}
	if err := f.Err(); err != nil {
		return err
	}
	if i.json {
		return i.writeJSON(r)
	}
	return i.print(f, r)
}

// metaText returns the value of a key that holds a text.
func metaText(f *loader.Model, key string) (text string, ok bool) {
	v, _ := f.Meta(key)
	text, ok = v.(string)
	return text, ok
}

// countTensors sums up the tensors and returns their list.
func countTensors(f *loader.Model, r *inspection) []tensor {
	r.Types = []typeUse{}
	var list []tensor
	for _, t := range f.Tensors() {
		values := int64(1)
		for _, d := range t.Dims {
			values *= int64(d)
		}
		cols := t.Dims[0]
		bytes := values / int64(cols) * int64(t.Type.RowBytes(cols))
		at := slices.IndexFunc(r.Types, func(u typeUse) bool { return u.Type == t.Type.String() })
		if at < 0 {
			at = len(r.Types)
			r.Types = append(r.Types, typeUse{Type: t.Type.String()})
		}
		u := &r.Types[at]
		u.Tensors, u.Values, u.Bytes = u.Tensors+1, u.Values+values, u.Bytes+bytes
		r.Tensors, r.Parameters = r.Tensors+1, r.Parameters+values
		list = append(list, tensor{t.Name, t.Type.String(), t.Dims, bytes})
	}
	slices.SortStableFunc(r.Types, func(a, b typeUse) int { return int(min(max(b.Bytes-a.Bytes, -1), 1)) })
	return list
}

func inspectTokenizer(f *loader.Model) vocabulary {
	v := vocabulary{BOS: -1, EOS: -1}
	v.Model, _ = metaText(f, "tokenizer.ggml.model")
	v.Pre, _ = metaText(f, "tokenizer.ggml.pre")
	tok, err := engine.NewTokenizer(f)
	if err != nil {
		v.Error = reason(f, err)
		return v
	}
	v.Tokens, v.BOS, v.EOS, v.AddBOS = tok.Len(), tok.BOS(), tok.EOS(), tok.AddsBOS()
	return v
}

// tryToRun opens the model to see whether it runs here and what it takes. The error is one of the flags.
func (i *inspect) tryToRun(f *loader.Model, r *inspection) error {
	m, err := i.open()
	if _, ok := errors.AsType[usageError](err); ok {
		return err
	}
	if err != nil {
		r.Reason = reason(f, err)
		return nil
	}
	n := m.Info()
	r.Runs = true
	r.Shape = &shape{n.Layers, n.Dim, n.Heads, n.KVHeads, n.HeadDim, n.FFN, n.Vocab, n.TrainedContext}
	r.Memory = &memory{n.WeightBytes, n.BufferBytes, n.CacheBytesPerToken * int64(n.Context), n.CacheBytesPerToken, n.CacheType, n.Context}
	return m.Close()
}

// reason is an error without the name of the file, which stands above it.
func reason(f *loader.Model, err error) string { return strings.TrimPrefix(err.Error(), f.Name()+": ") }
