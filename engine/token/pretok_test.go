package token

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The published expressions, one list of alternatives a stage.
var (
	reGPT2 = []string{`'s`, `'t`, `'re`, `'ve`, `'m`, `'ll`, `'d`, ` ?\p{L}+`, ` ?\p{N}+`, ` ?[^\s\p{L}\p{N}]+`, `\s+(?!\S)`, `\s+`}
	reN    = []string{`\p{N}`}
	re000  = []string{`[0-9][0-9][0-9]`}
	reBlun = []string{`\s*[\r\n]+`, `\s+(?!\S)`, `\s+`}

	reCL100K = append([]string{`(?i:'s|'t|'re|'ve|'m|'ll|'d)`, `[^\r\n\p{L}\p{N}]?\p{L}+`, `\p{N}{1,3}`, ` ?[^\s\p{L}\p{N}]+[\r\n]*`}, reBlun...)
	reQwen   = append([]string{`(?i:'s|'t|'re|'ve|'m|'ll|'d)`, `[^\r\n\p{L}\p{N}]?\p{L}+`, `\p{N}`, ` ?[^\s\p{L}\p{N}]+[\r\n]*`}, reBlun...)
	reQwen35 = append([]string{`(?i:'s|'t|'re|'ve|'m|'ll|'d)`, `[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+`, `\p{N}`, ` ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*`}, reBlun...)
	reSeed   = append([]string{`(?i:'s|'t|'re|'ve|'m|'ll|'d)`, `[^\r\n\p{L}\p{N}]?\p{L}+`, `\p{N}{1}`, ` ?[^\s\p{L}\p{N}\r\n]+`}, reBlun...)
	reBai    = []string{`'(?i:[sdmt]|ll|ve|re)`, `[^\r\n\p{L}\p{N}]?\p{L}+`, `\p{N}`, ` ?[^\s\p{L}\p{N}]+[\r\n]*`, `\s*[\r\n]`, `\s+(?!\S)`, `\s+`}

	reO200K = append([]string{
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
		`\p{N}{1,3}`, ` ?[^\s\p{L}\p{N}]+[\r\n/]*`}, reBlun...)
	reTekken = append([]string{
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`,
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`,
		`\p{N}`, ` ?[^\s\p{L}\p{N}]+[\r\n/]*`}, reBlun...)

	reHan       = []string{`[一-龥぀-ゟ゠-ヿ]+`}
	reCJK       = []string{`[一-龥ࠀ-一가-퟿]+`}
	reDeepseek3 = append([]string{
		"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+", `[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+`, ` ?[\p{P}\p{S}]+[\r\n]*`}, reBlun...)
	reBloom = []string{` ?[^(\s|.,!?…。，、।۔،)]+`}
)

var publishedExpressions = []struct {
	name   string
	stages [][]string
}{
	{"gpt-2", [][]string{reGPT2}},
	{"starcoder", [][]string{reN, reGPT2}},
	{"default", [][]string{{`[\p{P}\$\+<=>\^~\|]+`}, reGPT2, {`\p{N}+`}, re000}},
	{"falcon", [][]string{{"[\\p{P}\\$\\+<=>\\^~\\|`]+"}, reGPT2, re000}},
	{"llama-bpe", [][]string{reCL100K}},
	{"qwen2", [][]string{reQwen}},
	{"bailingmoe", [][]string{reBai}},
	{"qwen35", [][]string{reQwen35}},
	{"seed-coder", [][]string{reSeed}},
	{"ufakzeka", [][]string{reQwen[1:]}},
	{"gpt-4o", [][]string{reO200K}},
	{"tekken", [][]string{reTekken}},
	{"deepseek-llm", [][]string{{`[\r\n]`}, {`\s?[` + classOf(deepseekLetters) + `]+`}, {`\s?[!-/:-~！-／：-～‘-‟　-。]+`}, {`\s+$`}, reCJK, reN}},
	{"deepseek-coder", [][]string{{`[\r\n]`}, {`\s?\p{L}+`}, {`\s?\p{P}+`}, reCJK, reN}},
	{"deepseek-v3", [][]string{{`\p{N}{1,3}`}, reHan, reDeepseek3}},
	{"bloom", [][]string{reBloom}},
	{"viking", [][]string{reBloom, reN}},
}

// classOf writes a set of characters as the inside of a bracket expression.
func classOf(t runeRanges) string {
	var s strings.Builder
	for _, r := range t {
		s.WriteString(string(r[0]) + "-" + string(r[1]))
	}
	return s.String()
}

const whiteSpace = `\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}`

// An alternative is a published expression in the syntax of package regexp, in which \s means ASCII only and there is no (?!\S).
type alternative struct {
	re   *regexp.Regexp
	last bool // a match before other text loses its last character
}

func compileAlternative(s string) alternative {
	s, last := strings.CutSuffix(s, `(?!\S)`)
	var b strings.Builder
	for depth := 0; s != ""; s = s[1:] {
		switch {
		case strings.HasPrefix(s, `\s`):
			set := whiteSpace
			if depth == 0 {
				set = "[" + set + "]"
			}
			b.WriteString(set)
			s = s[1:]
			continue
		case s[0] == '\\':
			b.WriteString(s[:2])
			s = s[1:]
			continue
		case s[0] == '[':
			depth++
		case s[0] == ']':
			depth--
		}
		b.WriteByte(s[0])
	}
	return alternative{regexp.MustCompile("^(?:" + b.String() + ")"), last}
}

func (a alternative) match(s string) int {
	m := a.re.FindString(s)
	if a.last && len(m) < len(s) {
		r := []rune(m)
		m = string(r[:max(len(r)-1, 0)])
	}
	return len(m)
}

// cutSlowly is a stage as its definition says: the first alternative that matches, at every place in turn.
func cutSlowly(stage []alternative, s string) (pieces []string) {
	gap := 0
	for i := 0; i < len(s); {
		n := 0
		for _, a := range stage {
			if n = a.match(s[i:]); n > 0 {
				break
			}
		}
		if n == 0 {
			i += len(string([]rune(s[i:])[0]))
			continue
		}
		if gap < i {
			pieces = append(pieces, s[gap:i])
		}
		pieces = append(pieces, s[i:i+n])
		i += n
		gap = i
	}
	if gap < len(s) {
		pieces = append(pieces, s[gap:])
	}
	return pieces
}

// randomText draws from the characters that the expressions tell apart.
func randomText(rnd *rand.Rand, n int) string {
	parts := []string{
		"a", "b", "the", "E", "X", "é", "É", "ß", "ſ", "ǅ", "ʰ", "ª", "ж", "Ж", "α", "ש", "ع", "क", "ि", "ั", "ก", "가", "中", "の", "ア", "龦",
		"1", "2", "34", "567", "½", "Ⅻ", "٣", "²", "𝟘",
		" ", " ", "  ", "\t", "\n", "\r", "\r\n", "\v", "\u0085", "\u00a0", "\u2003", "\u2028", "\u3000",
		"'", "'s", "'S", "'ll", "'Re", "'v", "'ſ", "’s", ".", ",", "!", "…", "。", "(", ")", "|", "/", "_", "-", "«", "、", "।", "！", "～", "`",
		"+", "$", "<", "=", "~", "^", "€", "😀", "🏽", "\u0301", "\u20dd", "\u200d", "\ufe0f", "\x00", "\x1f", "\x7f", "\u00ad", "\ue000", "\u0378", "\U0010ffff",
	}
	var b strings.Builder
	for range n {
		b.WriteString(parts[rnd.IntN(len(parts))])
	}
	return b.String()
}

// TestPretokenizers compares the scanners with the published expressions.
func TestPretokenizers(t *testing.T) {
	u := unicodeClasses()
	for _, c := range publishedExpressions {
		t.Run(c.name, func(t *testing.T) {
			pre, err := findPretokenizer(c.name)
			if err != nil {
				t.Fatal(err)
			}
			var stages [][]alternative
			for _, list := range c.stages {
				var stage []alternative
				for _, s := range list {
					stage = append(stage, compileAlternative(s))
				}
				stages = append(stages, stage)
			}
			rnd := rand.New(rand.NewPCG(3, 4))
			for range 2000 {
				text := randomText(rnd, 1+rnd.IntN(16))
				got, want := []string{text}, []string{text}
				for i := range stages {
					var g, w []string
					for _, s := range got {
						for s != "" {
							n := pre.stages[i](u, s)
							g = append(g, s[:n])
							s = s[n:]
						}
					}
					for _, s := range want {
						w = append(w, cutSlowly(stages[i], s)...)
					}
					got, want = g, w
				}
				if !slices.Equal(got, want) {
					t.Fatalf("%+q\n got %+q\nwant %+q", text, got, want)
				}
			}
		})
	}
}

// TestPretokenizersLinear: no text makes a pre-tokenizer look again and again at what it has seen. Quadratic time would take many seconds.
func TestPretokenizersLinear(t *testing.T) {
	const size = 1 << 16
	texts := []string{" ", "\n", "\t\r\n", " \n", "\u3000", "a", "A", "Aa", "ªA", "é", "中", "1", "12345 ", "'", "'s", ".", "~!", "\u0301", "e\u0301\u0323", "\x00", "\u00ad", " 1 a."}
	seen := map[string]bool{}
	for _, row := range pretokenizers {
		v := newVocab(row.names[0], "a b")
		tok := mustNew(t, v)
		for _, unit := range texts {
			for _, text := range []string{strings.Repeat(unit, size/len(unit)), strings.Repeat(unit, size/len(unit)) + "x", "x" + strings.Repeat(unit, size/len(unit)) + "ª"} {
				start := time.Now()
				tok.Count(text, Options{})
				if d := time.Since(start); d > 2*slower*time.Second {
					t.Errorf("%s: %d bytes of %+q take %v", row.names[0], size, unit, d)
				}
			}
		}
		for _, name := range row.names {
			if seen[name] {
				t.Errorf("%s stands in two rows", name)
			}
			seen[name] = true
		}
	}
}

// TestNumberBytes: in the alphabet of bytes the second byte of "м" is ¼, a number.
func TestNumberBytes(t *testing.T) {
	for text, want := range map[string]string{"a": "a", "12": "12", "a12b": "a|12|b", "м": "\xd0|\xbc", "½3": "\xc2|\xbd3", " 1": " |1", "é": "é"} {
		var got []string
		for text != "" {
			n := numberBytes(nil, text)
			got, text = append(got, text[:n]), text[n:]
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
}
