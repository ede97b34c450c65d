package arch

import (
	"fmt"
	"math"

	"github.com/linnet-go/linnet/engine/internal/layer"
)

// builder reads the parameters of a family and binds its tensors. It keeps the first error, after which what it returns does not count.
type builder struct {
	Options
	src    Source
	family string
	read   map[string]bool // keys that have been asked for, without the family's name
	err    error

	kvHeads int // of the layers that have attention, if not all have
}

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// value returns the value of a key of the family, nil if there is none.
func (b *builder) value(key string) any {
	if b.read == nil {
		b.read = map[string]bool{}
	}
	b.read[key] = true
	v, _ := b.src.Meta(b.family + "." + key)
	return v
}

// bad notes that the value of a key is not what it must be.
func (b *builder) bad(key, need string, got any) {
	if got == nil {
		b.fail(fmt.Errorf("key %q is missing, need %s", b.family+"."+key, need))
		return
	}
	b.fail(fmt.Errorf("key %q: need %s, got %s", b.family+"."+key, need, shown(got)))
}

// unsupported notes that the value of a key asks for what the family does not have.
func (b *builder) unsupported(key string) {
	v, _ := b.src.Meta(b.family + "." + key)
	b.fail(fmt.Errorf("key %q: %s is %w by the %s family", b.family+"."+key, shown(v), ErrUnsupported, b.family))
}

// shown is a value as it stands in an error. Strings and arrays may be of any length.
func shown(v any) string {
	switch v := v.(type) {
	case uint64, int64, float64, bool:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%.64q", v)
	}
	return fmt.Sprintf("%T", v)
}

// most bounds every count that a file states. Widths are checked against the shapes of tensors besides.
const most = 1 << 24

// count reads an integer from 1 to most. A negative fallback means that the key must be there.
func (b *builder) count(key string, fallback int) int {
	v := b.value(key)
	if v == nil && fallback >= 0 {
		return fallback
	}
	n, ok := integer(v)
	if !ok || n < 1 || n > most {
		b.bad(key, fmt.Sprintf("an integer from 1 to %d", most), v)
		return 1
	}
	return n
}

const required = -1

// optional is count for keys where 0 stands for fallback.
func (b *builder) optional(key string, fallback int) int {
	if n, ok := integer(b.value(key)); ok && n == 0 {
		return fallback
	}
	return b.count(key, fallback)
}

func integer(v any) (int, bool) {
	switch v := v.(type) {
	case uint64:
		return int(min(v, math.MaxInt32)), true
	case int64:
		return int(min(v, math.MaxInt32)), true
	}
	return 0, false
}

// number reads a finite number.
func (b *builder) number(key string, fallback float64) float64 {
	v := b.value(key)
	if v == nil {
		return fallback
	}
	x, ok := v.(float64)
	if n, isInt := integer(v); isInt {
		x, ok = float64(n), true
	}
	if !ok || math.IsNaN(x) || math.IsInf(x, 0) {
		b.bad(key, "a finite number", v)
	}
	return x
}

// scale reads a factor, for which files also write 0 where there is none.
func (b *builder) scale(key string, fallback float64) float32 {
	if x := b.number(key, fallback); x != 0 {
		return float32(x)
	}
	return 1
}

// flag reads a truth value.
func (b *builder) flag(key string, fallback bool) bool {
	v := b.value(key)
	if v == nil {
		return fallback
	}
	x, ok := v.(bool)
	if !ok {
		b.bad(key, "true or false", v)
	}
	return x
}

func (b *builder) text(key, fallback string) string {
	v := b.value(key)
	if v == nil {
		return fallback
	}
	s, ok := v.(string)
	if !ok {
		b.bad(key, "a string", v)
	}
	return s
}

// telling are keys that change what a model computes. A file with one that its family has not read would be run as something else.
var telling = []string{
	"attention.causal", "attention.clamp_kqv", "attention.max_alibi_bias", "attention.q_lora_rank", "attention.kv_lora_rank",
	"attention.layer_norm_epsilon", "attention.sliding_window", "attention.scale", "attention.temperature_scale", "attn_logit_softcapping",
	"final_logit_softcapping", "router_logit_softcapping", "logit_scale", "residual_scale", "embedding_scale", "expert_count",
	"leading_dense_block_count", "use_parallel_residual", "pooling_type", "rope.scaling.type", "rope.scaling.finetuned", "rope.scale_linear",
	"swin_norm", "ssm.state_size", "shortconv.l_cache", "interleave_moe_layer_step", "attention.sliding_window_pattern",
	"attention.key_length_mla", "rope.scaling.yarn_log_multiplier", "rope.freq_base_swa", "expert_gating_func", "expert_weights_scale",
	"expert_group_count", "expert_shared_count", "full_attention_interval", "nextn_predict_layers",
}

// neutral are the values of such keys that mean nothing.
var neutral = map[string]any{
	"attention.causal": true, "attention.clamp_kqv": 0.0, "attention.max_alibi_bias": 0.0, "pooling_type": uint64(0), "expert_count": uint64(0),
	"attention.sliding_window": uint64(0), "rope.scaling.finetuned": true, "swin_norm": false, "leading_dense_block_count": uint64(0),
	"use_parallel_residual": false, "expert_weights_scale": 1.0, "rope.scaling.yarn_log_multiplier": 0.0, "expert_shared_count": uint64(0),
	"expert_group_count": uint64(0), "nextn_predict_layers": uint64(0), "attn_logit_softcapping": 0.0, "final_logit_softcapping": 0.0,
}

func (b *builder) checkKeys() {
	for _, key := range telling {
		if v, ok := b.src.Meta(b.family + "." + key); ok && !b.read[key] && v != neutral[key] {
			b.unsupported(key)
		}
	}
}

// heads reads the attention of a model of the given width.
func (b *builder) heads(dim int) layer.Heads {
	h := layer.Heads{N: b.count("attention.head_count", required)}
	if h.KV = b.kvHeads; h.KV == 0 {
		h.KV = b.count("attention.head_count_kv", h.N)
	}
	if h.KV > h.N || h.N%h.KV != 0 {
		b.bad("attention.head_count_kv", fmt.Sprintf("a divisor of the %d query heads", h.N), int64(h.KV))
		h.KV = h.N
	}
	fallback := dim / h.N
	if fallback == 0 || dim%h.N != 0 {
		fallback = required // the width says nothing then
	}
	h.Dim = b.count("attention.key_length", fallback)
	if v := b.count("attention.value_length", h.Dim); v != h.Dim {
		b.unsupported("attention.value_length")
	}
	scale := b.number("attention.scale", 0)
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(h.Dim))
	}
	h.Scale = float32(scale)
	h.Window = b.optional("attention.sliding_window", 0)
	return h
}

// attends says which layers have attention, by a list of their KV heads. All those that have any must have as many.
func (b *builder) attends(layers int) []bool {
	const key = "attention.head_count_kv"
	list, ok := b.value(key).([]int64)
	if !ok || len(list) < layers {
		b.bad(key, fmt.Sprintf("a list of %d numbers", layers), b.value(key))
		return make([]bool, layers)
	}
	yes := make([]bool, layers)
	for i, n := range list[:layers] {
		if n < 0 || n > most || n > 0 && b.kvHeads > 0 && int(n) != b.kvHeads {
			b.unsupported(key)
			return yes
		}
		if n > 0 {
			yes[i], b.kvHeads = true, int(n)
		}
	}
	return yes
}

// rope reads the angles of heads of the given size. context is the number of positions that the model was trained on.
func (b *builder) rope(headDim, context int, interleaved bool) layer.RopeConfig {
	c := layer.RopeConfig{
		Dims:        b.count("rope.dimension_count", headDim),
		Interleaved: interleaved,
		Base:        b.number("rope.freq_base", 10000),
		Positions:   b.positions(context),
		Scaling:     b.text("rope.scaling.type", "linear"),
		Factor:      b.number("rope.scaling.factor", b.number("rope.scale_linear", 1)),
		Original:    b.number("rope.scaling.original_context_length", float64(context)),
		AttnFactor:  b.number("rope.scaling.attn_factor", 1),
		LowFreq:     b.number("rope.scaling.low_freq_factor", 1),
		HighFreq:    b.number("rope.scaling.high_freq_factor", 4),
		BetaFast:    b.number("rope.scaling.yarn_beta_fast", 32),
		BetaSlow:    b.number("rope.scaling.yarn_beta_slow", 1),
	}
	if c.Dims > headDim || c.Dims%2 != 0 {
		b.bad("rope.dimension_count", fmt.Sprintf("an even number up to the head size %d", headDim), int64(c.Dims))
	}
	if c.Factor == 0 {
		c.Factor = 1 // what some conversions write for no scaling
	}
	switch c.Scaling {
	case "none", "linear", "longrope", "llama3", "yarn":
	default:
		b.unsupported("rope.scaling.type")
	}
	if b.number("rope.scaling.yarn_ext_factor", 1) != 1 {
		b.unsupported("rope.scaling.yarn_ext_factor")
	}
	return c
}

// local says which layers see only a window: by the file's list, or all but the last of each period.
func (b *builder) local(layers, period int) []bool {
	const key = "attention.sliding_window_pattern"
	list := make([]bool, layers)
	switch v := b.value(key).(type) {
	case []bool:
		if len(v) < layers {
			b.bad(key, fmt.Sprintf("a value for each of %d layers", layers), int64(len(v)))
			return list
		}
		copy(list, v)
		return list
	case nil:
	default:
		period = b.count(key, period)
	}
	for i := range list {
		list[i] = i%period < period-1
	}
	return list
}

// positions returns how many positions will be used.
func (b *builder) positions(context int) int {
	if b.Context > 0 {
		return b.Context
	}
	return context
}

// learned checks that there is a learned position for each that will be used.
func (b *builder) learned(context int) {
	if b.Context > context {
		b.fail(fmt.Errorf("key %q: %d positions, but the context shall be %d", b.family+".context_length", context, b.Context))
	}
}

// newRope makes the angles of c.
func (b *builder) newRope(c layer.RopeConfig) *layer.Rope {
	if b.err != nil {
		return nil
	}
	r, err := layer.NewRope(c)
	if err != nil {
		b.fail(fmt.Errorf("keys %q: %w", b.family+".rope.*", err))
	}
	return r
}

// vocab returns the number of tokens: those of the tokenizer, or the rows of the embedding in a file without one.
func (b *builder) vocab() int {
	if b.Vocab > 0 {
		return b.Vocab
	}
	if t, ok := b.src.Tensor("token_embd.weight"); ok && len(t.Dims) == 2 && t.Dims[1] <= most {
		return t.Dims[1]
	}
	b.fail(fmt.Errorf("tensor %q is missing", "token_embd.weight"))
	return 1
}
