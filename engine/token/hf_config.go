package token

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// hfConfig is a tokenizer_config.json, with the special_tokens_map.json beside it.
type hfConfig struct {
	fields map[string]any
	added  []addedToken // added_tokens_decoder, in the order of the ids
}

// readConfig reads a tokenizer_config.json, or nothing.
func readConfig(b []byte) (*hfConfig, error) {
	c := &hfConfig{fields: map[string]any{}}
	if len(b) == 0 {
		return c, nil
	}
	fields, err := readObject(b)
	if err == nil {
		c.fields = fields
		err = c.readAdded()
	}
	if err != nil {
		return nil, fmt.Errorf("token: tokenizer_config.json: %w", err)
	}
	return c, nil
}

// readAdded reads the tokens that are added to files without such a list.
func (c *hfConfig) readAdded() error {
	list, _ := c.fields["added_tokens_decoder"].(map[string]any)
	for key, x := range list {
		id, err := strconv.Atoi(key)
		if err != nil || id < 0 || id >= maxTokens {
			return fmt.Errorf("added_tokens_decoder: need an id below %d, got %.32q", maxTokens, key)
		}
		m, _ := x.(map[string]any)
		t, err := newAddedToken(id, m)
		if err != nil {
			return fmt.Errorf("added_tokens_decoder: %w", err)
		}
		c.added = append(c.added, t)
	}
	slices.SortFunc(c.added, func(a, b addedToken) int { return a.id - b.id })
	return nil
}

// merge takes the fields of a special_tokens_map.json that the configuration lacks.
func (c *hfConfig) merge(b []byte) error {
	fields, err := readObject(b)
	if err != nil {
		return fmt.Errorf("token: special_tokens_map.json: %w", err)
	}
	for key, x := range fields {
		if c.fields[key] == nil {
			c.fields[key] = x
		}
	}
	return nil
}

// text returns the text of a special token such as "bos_token": a string, or an object that describes it.
func (c *hfConfig) text(name string) string {
	switch x := c.fields[name].(type) {
	case string:
		return x
	case map[string]any:
		s, _ := x["content"].(string)
		return s
	}
	return ""
}

// flagOr returns a field that is true or false, or the fallback.
func (c *hfConfig) flagOr(name string, fallback bool) bool {
	return step{fields: c.fields}.flag(name, fallback)
}

// flag returns a field that is true or false, or nil.
func (c *hfConfig) flag(name string) *bool {
	if b, ok := c.fields[name].(bool); ok {
		return &b
	}
	return nil
}

// class returns the class that transformers gives such a tokenizer, without the ending of its fast form.
func (c *hfConfig) class() string {
	s, _ := c.fields["tokenizer_class"].(string)
	if n := len(s) - len("Fast"); n > 0 && s[n:] == "Fast" {
		s = s[:n]
	}
	return s
}

// apply completes a vocabulary of a file that has no added tokens: with those of the configuration, in place of pieces that have their ids,
// and with the roles. A token that has a role is a control token.
func (c *hfConfig) apply(v *Vocab) error {
	n := len(v.Tokens)
	for _, t := range c.added {
		n = max(n, t.id+1)
	}
	if gaps := n - len(v.Tokens) - len(c.added); gaps > maxGaps {
		return fmt.Errorf("added tokens: %d ids have no token, at most %d may", gaps, maxGaps)
	}
	for len(v.Kinds) < len(v.Tokens) {
		v.Kinds = append(v.Kinds, Normal)
	}
	v.Match = make([]Match, n)
	var least float32 // of the scores: added tokens come out of no merge
	if len(v.Scores) > 0 {
		least = slices.Min(v.Scores)
	}
	for len(v.Tokens) < n {
		v.Tokens, v.Kinds = append(v.Tokens, ""), append(v.Kinds, Unused)
		if len(v.Scores) > 0 {
			v.Scores = append(v.Scores, least)
		}
	}
	for _, t := range c.added {
		v.Tokens[t.id], v.Match[t.id] = t.text, t.match&^Normalized // these tokenizers look for all in the text as it is
		if t.special || looksSpecial(t.text) {
			v.mark(t.id, Control)
		} else {
			v.mark(t.id, UserDefined)
		}
	}
	v.AddBOS, v.AddEOS = cmp.Or(c.flag("add_bos_token"), v.AddBOS), cmp.Or(c.flag("add_eos_token"), v.AddEOS)
	if text := c.text("unk_token"); text != "" && v.UNK < 0 && v.Model != "gpt2" { // there all bytes are known
		v.UNK = slices.Index(v.Tokens, text)
	}
	if err := c.roles(v); err != nil {
		return err
	}
	for _, id := range []int{v.BOS, v.EOS, v.SEP, v.PAD, v.CLS, v.MASK} {
		if id >= 0 {
			v.mark(id, Control)
		}
	}
	if v.UNK >= 0 {
		v.Kinds[v.UNK] = Unknown
	}
	return nil
}

// mark gives a token a kind, unless the file has one for it.
func (v *Vocab) mark(id int, k Kind) {
	if old := v.Kinds[id]; old == Normal || old == Unused {
		v.Kinds[id] = k
	}
}

// roles finds the tokens that have a task. One that is not in the vocabulary is an error if a text may begin or end with it.
func (c *hfConfig) roles(v *Vocab) error {
	for _, r := range []struct {
		name string
		id   *int
		must bool
	}{
		{"bos_token", &v.BOS, true}, {"eos_token", &v.EOS, true}, {"sep_token", &v.SEP, false}, {"pad_token", &v.PAD, false},
		{"cls_token", &v.CLS, false}, {"mask_token", &v.MASK, false},
	} {
		text := c.text(r.name)
		if text == "" {
			continue
		}
		if *r.id = slices.Index(v.Tokens, text); *r.id < 0 && r.must {
			return fmt.Errorf("tokenizer_config.json: %s %.64q is not in the vocabulary", r.name, text)
		}
	}
	return nil
}
