package token

import (
	"fmt"
	"math"
	"strings"
)

// maxTokens bounds the vocabulary (the largest published one has 262,400 tokens): ids then fit into 21 bits.
const maxTokens = 1 << 21

// check reports what makes a vocabulary unusable for any algorithm. It returns the tokens indexed by their texts.
func (v *Vocab) check() (*index, error) {
	n := len(v.Tokens)
	switch {
	case n == 0:
		return nil, fmt.Errorf("token: the vocabulary has no tokens")
	case n > maxTokens:
		return nil, fmt.Errorf("token: the vocabulary has %d tokens, at most %d are supported", n, maxTokens)
	case len(v.Scores) != 0 && len(v.Scores) != n:
		return nil, fmt.Errorf("token: %d scores for %d tokens", len(v.Scores), n)
	case len(v.Kinds) != 0 && len(v.Kinds) != n:
		return nil, fmt.Errorf("token: %d kinds for %d tokens", len(v.Kinds), n)
	}
	if len(v.Match) != 0 && len(v.Match) != n {
		return nil, fmt.Errorf("token: %d ways to match %d tokens", len(v.Match), n)
	}
	if err := v.Rules.check(n); err != nil {
		return nil, err
	}
	for id, k := range v.Kinds {
		s := v.Tokens[id]
		if k < Normal || k > Byte {
			return nil, fmt.Errorf("token: token %d has the unknown kind %d", id, k)
		}
		if _, ok := byteOf(s); k == Byte && !ok {
			return nil, fmt.Errorf("token: token %d is a byte, but its text is %q, not of the form \"<0x0A>\"", id, s)
		}
		if (k == Control || k == UserDefined || k == Unknown) && len(s) > maxSpecial {
			return nil, fmt.Errorf("token: special token %d has %d bytes, at most %d are supported", id, len(s), maxSpecial)
		}
	}
	for id, s := range v.Scores {
		if math.IsNaN(float64(s)) || math.IsInf(float64(s), 0) {
			return nil, fmt.Errorf("token: token %d has the score %v", id, s)
		}
	}
	for _, r := range v.roles() {
		if *r.id < -1 || *r.id >= n {
			return nil, fmt.Errorf("token: the %s id %d is outside the vocabulary of %d tokens", r.name, *r.id, n)
		}
	}
	texts := emptyIndex(v.Tokens)
	for id, s := range v.Tokens {
		if s == "" {
			continue
		}
		if first := texts.add(int32(id)); int(first) != id {
			return nil, fmt.Errorf("token: tokens %d and %d have the same text %q", first, id, s)
		}
	}
	return texts, nil
}

// role is a token that the tokenizer or the model gives a task to.
type role struct {
	name string
	id   *int
}

func (v *Vocab) roles() []role {
	return []role{
		{"bos", &v.BOS}, {"eos", &v.EOS}, {"eot", &v.EOT}, {"eom", &v.EOM}, {"unk", &v.UNK},
		{"sep", &v.SEP}, {"pad", &v.PAD}, {"cls", &v.CLS}, {"mask", &v.MASK},
	}
}

// fillRoles sets the ids that files of a model leave out because they are always the same ones. An id whose
// token is an ordinary piece was not meant.
func (v *Vocab) fillRoles() {
	usual := map[string]map[string]int{
		"llama": {"unk": 0, "bos": 1, "eos": 2},
		"t5":    {"pad": 0, "eos": 1, "unk": 2},
		"bert":  {"pad": 0, "unk": 100, "cls": 101, "sep": 102, "mask": 103},
	}[v.Model]
	for _, r := range v.roles() {
		id, ok := usual[r.name]
		if ok && *r.id == -1 && id < len(v.Tokens) && v.Kinds[id] != Normal && v.Kinds[id] != Byte {
			*r.id = id
		}
	}
}

// Tokens whose text tells their task, whatever kind a file gives them: conversions got many of them wrong.
var (
	endTexts = []string{ // a generation ends with one of these
		"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<turn|>",
		"<|tool_response>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
		"<end_of_utterance>", "<eos>", "<｜end▁of▁sentence｜>", "[e~[",
		// what may follow the middle part of a fill-in-the-middle answer
		"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>",
		"<|file_sep|>",
	}
	controlTexts = []string{ // fill-in-the-middle
		"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>",
		"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>",
		"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>",
	}
	shownTexts = []string{"<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"} // harmony: part of the answer
)

// classify gives every token its kind (an entry each, also where the file has none) and says which tokens end a generation:
// EOS, EOT, EOM and those known by their text. A piece that a merge makes is ordinary text and stays so.
func classify(v *Vocab) (kinds []Kind, eog []bool) {
	kinds, eog = make([]Kind, len(v.Tokens)), make([]bool, len(v.Tokens))
	if copy(kinds, v.Kinds) == 0 {
		for id := range kinds {
			kinds[id] = Normal
		}
	}
	known := map[string]int{}
	for _, list := range [][]string{endTexts, controlTexts, shownTexts} {
		for _, s := range list {
			known[s] = -1
		}
	}
	for id, s := range v.Tokens {
		if _, ok := known[s]; ok {
			known[s] = id
		}
	}
	for _, m := range v.Merges {
		if l, r, ok := strings.Cut(m, " "); ok && len(m) <= 32 {
			if id, ok := known[l+r]; ok && id >= 0 && kinds[id] == Normal {
				known[l+r] = -1
			}
		}
	}
	set := func(texts []string, k Kind, end bool) {
		for _, s := range texts {
			if id := known[s]; id >= 0 {
				kinds[id], eog[id] = k, end
			}
		}
	}
	set(endTexts, Control, true)
	set(controlTexts, Control, false)
	set(shownTexts, UserDefined, false)
	has := func(s string) bool { return known[s] >= 0 }
	if (has("<|return|>") && has("<|call|>")) || (has("<|calls|>") && has("<|flush|>")) {
		set([]string{"<|end|>"}, UserDefined, false) // here it ends one message of several
	}
	if has("<|tool_response>") {
		set([]string{"</s>"}, Normal, false) // Gemma 4: the strike-through tag of HTML
	}
	for _, id := range []int{v.EOS, v.EOT, v.EOM} {
		if id >= 0 {
			eog[id] = true
		}
	}
	return kinds, eog
}
