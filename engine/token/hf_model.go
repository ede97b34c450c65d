package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// hfModel is the section "model".
type hfModel struct {
	tokens  map[string]int // id by text; a Unigram list has its order
	ordered []string       // [vocab] of a Unigram list
	scores  []float32      // [vocab] of a Unigram list
	merges  []string
	merged  bool           // there is a list of merges
	fields  map[string]any // the others
}

func (m *hfModel) read(r *jsonReader) error {
	m.fields = map[string]any{}
	return r.object(func(key string) (err error) {
		switch key {
		case "vocab":
			err = m.readVocab(r)
		case "merges":
			m.merged = true
			err = m.readMerges(r)
		case "type", "dropout", "unk_token", "unk_id", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
			"max_input_chars_per_word":
			m.fields[key], err = r.value()
		default:
			err = r.errorf("is not known")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
}

// readVocab reads {"text": id}, or [["text", score]].
func (m *hfModel) readVocab(r *jsonReader) error {
	first, err := r.next()
	switch {
	case err != nil:
		return err
	case first == json.Delim('{'):
		m.tokens = map[string]int{}
		return r.members(func(text string) error {
			if _, ok := m.tokens[text]; ok {
				return r.twice(text)
			}
			id, err := r.id()
			m.tokens[text] = id
			return err
		})
	case first != json.Delim('['):
		return r.errorf("need an object or an array, got %.32v", first)
	}
	return r.restOfList(func(first json.Token) error {
		x, err := r.valueFrom(first)
		if err != nil {
			return err
		}
		pair, _ := x.([]any)
		if len(pair) != 2 {
			return r.errorf("token %d is no pair of text and score", len(m.ordered))
		}
		text, isText := pair[0].(string)
		number, _ := pair[1].(json.Number)
		score, err := number.Float64()
		if !isText || err != nil {
			return r.errorf("token %d is no pair of text and score", len(m.ordered))
		}
		if len(m.ordered) == maxTokens {
			return r.errorf("more than %d tokens", maxTokens)
		}
		m.ordered, m.scores = append(m.ordered, text), append(m.scores, float32(score))
		return nil
	})
}

// readMerges reads ["left right"], or [["left", "right"]].
func (m *hfModel) readMerges(r *jsonReader) error {
	return r.list(func(first json.Token) error {
		merge, ok := first.(string)
		if !ok {
			x, err := r.valueFrom(first)
			if err != nil {
				return err
			}
			pair, _ := x.([]any)
			if len(pair) != 2 {
				return r.errorf("merge %d is no pair", len(m.merges))
			}
			left, ok1 := pair[0].(string)
			right, ok2 := pair[1].(string)
			if !ok1 || !ok2 || left == "" || strings.Contains(left[1:], " ") {
				return r.errorf("merge %d is no pair of pieces without a space inside", len(m.merges))
			}
			merge = left + " " + right
		}
		if len(m.merges) == maxMerges {
			return r.errorf("more than %d merges", maxMerges)
		}
		m.merges = append(m.merges, merge)
		return nil
	})
}

// kind is the model's type, which old files leave out.
func (m *hfModel) kind() string {
	if s, ok := m.fields["type"].(string); ok {
		return s
	}
	switch {
	case m.merged:
		return "BPE"
	case m.ordered != nil:
		return "Unigram"
	}
	return "WordPiece"
}

// maxGaps bounds the ids without a token (o200k has 18).
const maxGaps = 1024

// texts returns the tokens of the model, and the added ones, by their ids. An id in a gap has no text.
func (m *hfModel) texts(added []addedToken) ([]string, error) {
	n := len(m.ordered)
	for _, id := range m.tokens {
		n = max(n, id+1)
	}
	for _, t := range added {
		n = max(n, t.id+1)
	}
	if gaps := n - len(m.ordered) - len(m.tokens) - len(added); gaps > maxGaps {
		return nil, fmt.Errorf("vocab: %d ids have no token, at most %d may", gaps, maxGaps)
	}
	texts := make([]string, n)
	copy(texts, m.ordered)
	for text, id := range m.tokens {
		if texts[id] != "" {
			return nil, fmt.Errorf("vocab: id %d has the tokens %.64q and %.64q", id, min(text, texts[id]), max(text, texts[id]))
		}
		texts[id] = text
	}
	return texts, nil
}

// refuse reports a field of the model that is set to what is not supported. want lists the values that are, nil standing for one that is
// missing or null.
func (m *hfModel) refuse(name string, want ...any) error {
	if v := m.fields[name]; !slices.Contains(want, v) {
		return fmt.Errorf("model: %s = %.64v is not supported", name, v)
	}
	return nil
}

// unknown returns the id of the token that unk_token names, -1 for null.
func (m *hfModel) unknown(texts []string) (int, error) {
	s, ok := m.fields["unk_token"].(string)
	if !ok {
		return -1, nil
	}
	id := slices.Index(texts, s)
	if id < 0 {
		return -1, fmt.Errorf("model: unk_token %.64q is not in the vocabulary", s)
	}
	return id, nil
}
