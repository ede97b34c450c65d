package token

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A step is one component of a normalizer, pre-tokenizer, decoder or post-processor: its type and what sets it up.
type step struct {
	kind   string
	fields map[string]any
}

// maxSteps bounds a section; published ones have up to 7.
const maxSteps = 64

// sequences are the fields of the components of type Sequence that hold others, by their sections.
var sequences = []string{"normalizers", "pretokenizers", "decoders", "processors"}

// stepsOf lists the components of a section in their order; none for null. It calls itself as deeply as sequences stand in each other.
func stepsOf(section any) ([]step, error) {
	if section == nil {
		return nil, nil
	}
	fields, ok := section.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("need an object, got %.32v", section)
	}
	kind, _ := fields["type"].(string)
	if kind != "Sequence" {
		return []step{{kind, fields}}, nil
	}
	var list []step
	for _, name := range sequences {
		inner, _ := fields[name].([]any)
		for _, x := range inner {
			more, err := stepsOf(x)
			if err != nil {
				return nil, err
			}
			if list = append(list, more...); len(list) > maxSteps {
				return nil, fmt.Errorf("more than %d steps", maxSteps)
			}
		}
	}
	return list, nil
}

// flag returns a field that is true or false.
func (s step) flag(name string, fallback bool) bool {
	if v, ok := s.fields[name].(bool); ok {
		return v
	}
	return fallback
}

// String writes a step with all that matters to ids and text, the same for files of all versions of the library: what the tables of known
// ones are compared with.
func (s step) String() string {
	fields := maps.Clone(s.fields)
	delete(fields, "type")
	switch s.kind {
	case "ByteLevel":
		delete(fields, "trim_offsets") // of offsets
		setDefault(fields, "use_regex", true)
	case "Metaspace":
		delete(fields, "str_rep") // the replacement again
		setDefault(fields, "split", true)
		setDefault(fields, "prepend_scheme", map[bool]string{true: "always", false: "never"}[s.flag("add_prefix_space", true)])
		delete(fields, "add_prefix_space")
	case "Split":
		setDefault(fields, "invert", false)
	case "Precompiled":
		delete(fields, "precompiled_charsmap") // taken as it is
	case "BertNormalizer":
		for _, name := range []string{"lowercase", "strip_accents", "handle_chinese_chars"} {
			delete(fields, name) // Rules has them
		}
	}
	if len(fields) == 0 {
		return s.kind
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name+"="+shown(fields[name]))
	}
	return s.kind + "(" + strings.Join(parts, " ") + ")"
}

// lineEnds writes line ends in an expression as escapes, which mean the same.
var lineEnds = strings.NewReplacer("\r", `\r`, "\n", `\n`)

func setDefault(fields map[string]any, name string, v any) {
	if fields[name] == nil {
		fields[name] = v
	}
}

// shown is the value of a field: strings in quotes, of a pattern its kind and text.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any:
		for _, kind := range []string{"String", "Regex"} {
			if s, ok := v[kind].(string); ok && len(v) == 1 {
				return kind + ":" + fmt.Sprintf("%q", lineEnds.Replace(s))
			}
		}
	}
	return fmt.Sprint(v)
}

// describe writes the steps of a section.
func describe(list []step) string {
	var parts []string
	for _, s := range list {
		parts = append(parts, s.String())
	}
	return strings.Join(parts, " ")
}

// unsupported is the error for a section that is not known.
func unsupported(section string, list []step) error {
	if len(list) == 0 {
		return fmt.Errorf("%s: none is not supported here", section)
	}
	return fmt.Errorf("%s: %.400s is not supported", section, describe(list))
}
