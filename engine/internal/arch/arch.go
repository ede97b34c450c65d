// Package arch holds the model families, one file each, in the order of a paper: the parameters read from metadata, the tensors as struct
// fields whose tags name them, and the block in terms of package layer. The tags drive binding and checking, so that they cannot disagree.
package arch

import (
	"errors"
	"fmt"
	"strings"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/quant"
)

// ErrUnsupported says that a file asks for something that is not built: a family, or a feature of one.
var ErrUnsupported = errors.New("not supported")

// families are the model families by the value of general.architecture.
var families = []struct {
	name  string
	build func(*builder) *Model
}{
	{"arcee", newArcee},
	{"bloom", newBloom},
	{"cohere2", newCohere2},
	{"command-r", newCommandR},
	{"deepseek2", newDeepSeek2},
	{"exaone4", newExaone4},
	{"falcon", newFalcon},
	{"gemma", newGemma},
	{"gemma2", newGemma2},
	{"gemma3", newGemma3},
	{"glm4", newGLM4},
	{"glm4moe", newGLM4MoE},
	{"gpt-oss", newGPTOSS},
	{"gpt2", newGPT2},
	{"gptneox", newGPTNeoX},
	{"granite", newGranite},
	{"granitehybrid", newGraniteHybrid},
	{"granitemoe", newGraniteMoE},
	{"internlm2", newLlama},
	{"lfm2", newLFM2},
	{"llama", newLlama},
	{"mamba2", newMamba2},
	{"minicpm", newMiniCPM},
	{"mistral3", newMistral3},
	{"mpt", newMPT},
	{"nemotron", newNemotron},
	{"olmo", newOLMo},
	{"olmo2", newOLMo2},
	{"olmoe", newOLMoE},
	{"phi2", newPhi2},
	{"phi3", newPhi3},
	{"qwen2", newQwen2},
	{"qwen2moe", newQwen2MoE},
	{"qwen3", newQwen3},
	{"qwen3moe", newQwen3MoE},
	{"qwen35", newQwen35},
	{"smollm3", newSmolLM3},
	{"stablelm", newStableLM},
	{"starcoder2", newStarCoder2},
	{"xverse", newLlama},
}

// Source is a model file.
type Source interface {
	Tensor(name string) (quant.Tensor, bool)
	Tensors() []quant.Tensor
	Meta(key string) (any, bool)
	Guard(f func() error) error // makes an error of a fault in a mapped file
}

// Model is a model with its tensors bound.
type Model struct {
	layer.Sizes
	Layers   int
	Context  int              // positions it was trained on
	Cache    []cache.Shape    // [layers]
	Matrices []*layer.Linear  // in file order of the fields; those that a file leaves out are not Bound
	Forward  func(*layer.Run) // one step: from Embed to Logits
}

// Options are what a user decides.
type Options struct {
	Vocab   int // tokens of the tokenizer; 0: as many as the embedding has rows
	Context int // positions that will be used; 0: Model.Context
}

// New binds the tensors of src to the family that it names. Errors name the key or the tensor at fault; a family or a feature that
// is not built is an ErrUnsupported.
func New(src Source, o Options) (*Model, error) {
	name, ok := src.Meta("general.architecture")
	if !ok {
		return nil, errors.New(`key "general.architecture" is missing`)
	}
	var known []string
	for _, f := range families {
		if f.name == name {
			b := &builder{Options: o, src: src, family: f.name}
			m := f.build(b)
			b.checkKeys()
			return m, b.err
		}
		known = append(known, f.name)
	}
	return nil, fmt.Errorf("architecture %s: %w; known are %s", shown(name), ErrUnsupported, strings.Join(known, ", "))
}
