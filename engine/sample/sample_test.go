package sample

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var inf = float32(math.Inf(1))

// logs are the logits of a distribution.
func logs(probs ...float64) []float32 {
	l := make([]float32, len(probs))
	for i, p := range probs {
		l[i] = float32(math.Log(p))
	}
	return l
}

func mustNew(t testing.TB, opts ...Option) *Sampler {
	t.Helper()
	s, err := New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A dist maps ids to probabilities.
type dist map[int32]float64

// cases are distributions worked out by hand.
var cases = []struct {
	name    string
	opts    []Option
	logits  []float32
	history []int32
	want    dist
}{
	{"no option is random", nil, logs(.5, .25, .25), nil, dist{0: .5, 1: .25, 2: .25}},
	{"random", []Option{Random()}, logs(.1, .2, .3, .4), nil, dist{0: .1, 1: .2, 2: .3, 3: .4}},
	{"shifted logits", nil, []float32{1000, 1000, -inf, 1000}, nil, dist{0: 1. / 3, 1: 1. / 3, 3: 1. / 3}},
	{"one token", nil, []float32{-3}, nil, dist{0: 1}},
	{"greedy", []Option{Greedy()}, logs(.2, .3, .3, .2), nil, dist{1: 1}},
	{"greedy after bias", []Option{Greedy(), LogitBias(3, 1)}, logs(.2, .3, .3, .2), nil, dist{3: 1}},
	{"greedy ignores filters", []Option{Greedy(), TypicalP(.1)}, logs(.5, .25, .25), nil, dist{0: 1}},
	{"the later mode holds", []Option{Greedy(), Random()}, logs(.5, .5), nil, dist{0: .5, 1: .5}},

	// e^(l/τ) is p^(1/τ).
	{"τ 1/2", []Option{Temperature(.5)}, logs(.5, .25, .25), nil, dist{0: 4. / 6, 1: 1. / 6, 2: 1. / 6}},
	{"τ 2", []Option{Temperature(2)}, logs(.64, .36), nil, dist{0: 8. / 14, 1: 6. / 14}},
	{"τ to 0", []Option{Temperature(1e-300)}, logs(.4, .2, .4), nil, dist{0: .5, 2: .5}},
	{"τ least", []Option{Temperature(5e-324)}, logs(.4, .6), nil, dist{1: 1}},
	{"τ to ∞", []Option{Temperature(1e300)}, logs(.9, .1), nil, dist{0: .5, 1: .5}},

	{"top-k", []Option{TopK(2)}, logs(.1, .3, .2, .4), nil, dist{1: 3. / 7, 3: 4. / 7}},
	{"top-k ties", []Option{TopK(2)}, logs(.1, .3, .3, .3), nil, dist{1: .5, 2: .5}},
	{"top-k of all", []Option{TopK(9)}, logs(.5, .5), nil, dist{0: .5, 1: .5}},
	{"top-k 0", []Option{TopK(0)}, logs(.5, .5), nil, dist{0: .5, 1: .5}},
	{"top-k of few", []Option{TopK(2)}, []float32{-inf, 1, -inf}, nil, dist{1: 1}},

	{"top-p least", []Option{TopP(5e-324)}, logs(.2, .5, .3), nil, dist{1: 1}},
	{"top-p within the first", []Option{TopP(.4)}, logs(.2, .5, .3), nil, dist{1: 1}},
	{"top-p crosses", []Option{TopP(.6)}, logs(.2, .5, .3), nil, dist{1: 5. / 8, 2: 3. / 8}},
	{"top-p ties", []Option{TopP(.4)}, logs(.25, .25, .25, .25), nil, dist{0: .5, 1: .5}},
	{"top-p 1", []Option{TopP(1)}, logs(.2, .5, .3), nil, dist{0: .2, 1: .5, 2: .3}},

	// Information 1, 2, 3, 4, 4 bits, entropy 1.875: the second is the most typical, then the first, then the third.
	{"typical-p one", []Option{TypicalP(.2)}, logs(.5, .25, .125, .0625, .0625), nil, dist{1: 1}},
	{"typical-p two", []Option{TypicalP(.7)}, logs(.5, .25, .125, .0625, .0625), nil, dist{0: 2. / 3, 1: 1. / 3}},
	{"typical-p three", []Option{TypicalP(.8)}, logs(.5, .25, .125, .0625, .0625), nil, dist{0: 4. / 7, 1: 2. / 7, 2: 1. / 7}},

	{"min-p", []Option{MinP(.3)}, logs(.5, .2, .1, .2), nil, dist{0: 5. / 9, 1: 2. / 9, 3: 2. / 9}},
	{"min-p 0", []Option{MinP(0)}, logs(.5, .5), nil, dist{0: .5, 1: .5}},
	{"min-p 1", []Option{MinP(1)}, logs(.2, .4, .4), nil, dist{1: .5, 2: .5}},

	// top-k leaves 4/9 3/9 2/9; top-p .6 leaves 4/7 3/7.
	{"top-p after top-k", []Option{TopP(.6), TopK(3)}, logs(.1, .2, .3, .4), nil, dist{2: 3. / 7, 3: 4. / 7}},
	// typical-p leaves .25 alone, which min-p then measures by itself.
	{"min-p after typical-p", []Option{MinP(.9), TypicalP(.2)}, logs(.5, .25, .125, .0625, .0625), nil, dist{1: 1}},
	// At τ = 1 top-p .6 keeps two of these; had τ come first it would keep one.
	{"τ after top-p", []Option{Temperature(.5), TopP(.6)}, logs(.5, .3, .2), nil, dist{0: 25. / 34, 1: 9. / 34}},

	{"bias", []Option{LogitBias(1, float32(math.Ln2))}, logs(.5, .5), nil, dist{0: 1. / 3, 1: 2. / 3}},
	{"bias replaced", []Option{LogitBias(1, 9), LogitBias(1, 0)}, logs(.5, .5), nil, dist{0: .5, 1: .5}},
	{"bias forbids", []Option{LogitBias(0, -inf)}, logs(.8, .1, .1), nil, dist{1: .5, 2: .5}},

	{"repeat", []Option{RepeatPenalty(2)}, []float32{2, -1, 1, -2}, []int32{0, 0, 1},
		softmaxOf(1, -2, 1, -2)},
	{"presence", []Option{PresencePenalty(.5)}, []float32{2, -1, 1, -2}, []int32{0, 0, 1}, softmaxOf(1.5, -1.5, 1, -2)},
	{"frequency", []Option{FrequencyPenalty(.5)}, []float32{2, -1, 1, -2}, []int32{0, 0, 1}, softmaxOf(1, -1.5, 1, -2)},
	{"all penalties after bias", []Option{RepeatPenalty(2), FrequencyPenalty(.25), PresencePenalty(1), LogitBias(0, 2)},
		[]float32{2, -1, 1, -2}, []int32{0, 3, 0}, softmaxOf(.5, -1, 1, -5.25)},
	{"window", []Option{PresencePenalty(1), PenaltyWindow(2)}, []float32{2, -1, 1, -2}, []int32{0, 1, 2}, softmaxOf(2, -2, 0, -2)},
	{"window longer than history", []Option{PresencePenalty(1), PenaltyWindow(9)}, []float32{2, 1}, []int32{0}, softmaxOf(1, 1)},
	{"history outside the vocabulary", []Option{PresencePenalty(1)}, []float32{2, 1}, []int32{-1, 2, 1 << 30, 0}, softmaxOf(1, 1)},
	{"penalty of an impossible token", []Option{RepeatPenalty(2)}, []float32{-inf, 1}, []int32{0}, dist{1: 1}},
}

func softmaxOf(logits ...float64) dist {
	d, sum := dist{}, 0.0
	for _, l := range logits {
		sum += math.Exp(l)
	}
	for i, l := range logits {
		d[int32(i)] = math.Exp(l) / sum
	}
	return d
}

func TestDistribution(t *testing.T) {
	for _, c := range cases {
		before, history := slices.Clone(c.logits), slices.Clone(c.history)
		got, err := mustNew(t, c.opts...).Distribution(c.logits, c.history)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		for i, p := range got {
			if want := c.want[p.ID]; math.Abs(p.P-want) > 1e-6 { // logits are float32
				t.Errorf("%s: token %d has probability %v, want %v", c.name, p.ID, p.P, want)
			}
			if i > 0 && (got[i-1].P < p.P || got[i-1].P == p.P && got[i-1].ID >= p.ID) {
				t.Errorf("%s: %v is not in order", c.name, got)
			}
		}
		if !slices.Equal(before, c.logits) || !slices.Equal(history, c.history) {
			t.Errorf("%s: the input was changed", c.name)
		}
	}
}

func TestDistributionShowsAdjustedLogits(t *testing.T) {
	got, err := mustNew(t, Temperature(.5), LogitBias(0, 1), PresencePenalty(.25)).Distribution([]float32{1, 1}, []int32{1})
	if err != nil || len(got) != 2 || got[0].Logit != 2 || got[1].Logit != .75 {
		t.Errorf("got %v, %v; want the logits 2 and 0.75", got, err)
	}
}

// TestDraws compares the frequencies of many draws with the distributions of the table (Pearson's χ²).
func TestDraws(t *testing.T) {
	const draws = 20_000
	for _, c := range cases {
		s := mustNew(t, append(slices.Clone(c.opts), Seed(7))...)
		counts := make([]int, len(c.logits))
		for range draws {
			id, err := s.Sample(c.logits, c.history)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			counts[id]++
		}
		chi2 := 0.0
		for id, n := range counts {
			want := c.want[int32(id)] * draws
			if want == 0 {
				if n > 0 {
					t.Errorf("%s: token %d was drawn, its probability is zero", c.name, id)
				}
				continue
			}
			chi2 += (float64(n) - want) * (float64(n) - want) / want
		}
		if limit := chi2Limit(len(c.want) - 1); chi2 > limit {
			t.Errorf("%s: χ² = %.2f, limit %.2f; counts %v of %v", c.name, chi2, limit, counts, c.want)
		}
	}
}

// chi2Limit is about the 99.9 % point of χ² with df degrees of freedom (Wilson and Hilferty 1931).
func chi2Limit(df int) float64 {
	if df == 0 {
		return 1e-6
	}
	v := 2 / (9 * float64(df))
	return float64(df) * math.Pow(1-v+3.09*math.Sqrt(v), 3)
}

// TestDrawsOfALargeVocabulary does the same for 2,000 tokens in groups of equal expectation.
func TestDrawsOfALargeVocabulary(t *testing.T) {
	const vocab, groups, draws = 2000, 50, 5_000
	r := rand.New(rand.NewPCG(5, 6))
	logits := make([]float32, vocab)
	for i := range logits {
		logits[i] = float32(r.NormFloat64())
	}
	for name, opts := range map[string][]Option{
		"random": {}, "τ": {Temperature(.7)}, "top-k": {TopK(900)}, "top-p": {TopP(.8)}, "typical-p": {TypicalP(.6)}, "min-p": {MinP(.05)},
	} {
		s := mustNew(t, append(opts, Seed(8))...)
		probs, err := s.Distribution(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		group, want, sum := make(map[int32]int), [groups]float64{}, 0.0
		for _, p := range probs {
			g := min(int(sum*groups), groups-1)
			group[p.ID], want[g], sum = g, want[g]+p.P*draws, sum+p.P
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("%s: probabilities sum to %v", name, sum)
		}
		var counts [groups]float64
		for range draws {
			id, err := s.Sample(logits, nil)
			if err != nil {
				t.Fatal(err)
			}
			g, ok := group[id]
			if !ok {
				t.Fatalf("%s: token %d was drawn, its probability is zero", name, id)
			}
			counts[g]++
		}
		chi2 := 0.0
		for g := range counts {
			chi2 += (counts[g] - want[g]) * (counts[g] - want[g]) / want[g]
		}
		if limit := chi2Limit(groups - 1); chi2 > limit {
			t.Errorf("%s: χ² = %.2f, limit %.2f", name, chi2, limit)
		}
	}
}

func TestSameSeedSameDraws(t *testing.T) {
	// Drawn once with this seed; they hold on every CPU.
	want := []int32{3, 0, 2, 3, 5, 3, 3, 3, 2, 4, 4, 1, 4, 6, 1, 3}
	logits := logs(.1, .2, .05, .15, .3, .1, .1)
	a, b := mustNew(t, Temperature(1.5), Seed(42)), mustNew(t, Temperature(1.5), Seed(42))
	other := mustNew(t, Temperature(1.5), Seed(43))
	var got, others []int32
	for range 16 {
		x, _ := a.Sample(logits, nil)
		y, _ := b.Sample(logits, nil)
		z, _ := other.Sample(logits, nil)
		if x != y {
			t.Fatalf("after %v: drew %d and %d", got, x, y)
		}
		got, others = append(got, x), append(others, z)
	}
	if !slices.Equal(got, want) {
		t.Errorf("drew %v, want %v", got, want)
	}
	if slices.Equal(got, others) {
		t.Errorf("another seed drew the same: %v", got)
	}
}

func TestBadOptions(t *testing.T) {
	nan, inf64 := math.NaN(), math.Inf(1)
	for name, opts := range map[string][]Option{
		"temperature":       {Temperature(0), Temperature(-1), Temperature(nan), Temperature(inf64)},
		"top-k":             {TopK(-1)},
		"top-p":             {TopP(0), TopP(-.1), TopP(1.1), TopP(nan)},
		"typical-p":         {TypicalP(0), TypicalP(1.1), TypicalP(nan)},
		"min-p":             {MinP(-.1), MinP(1.1), MinP(nan)},
		"repeat penalty":    {RepeatPenalty(0), RepeatPenalty(-1), RepeatPenalty(nan), RepeatPenalty(inf64)},
		"presence penalty":  {PresencePenalty(nan), PresencePenalty(inf64), PresencePenalty(-inf64)},
		"frequency penalty": {FrequencyPenalty(nan), FrequencyPenalty(inf64)},
		"penalty window":    {PenaltyWindow(-1)},
		"logit bias":        {LogitBias(-1, 0), LogitBias(1, inf), LogitBias(1, float32(nan))},
	} {
		for _, opt := range opts {
			if _, err := New(opt); err == nil || !strings.HasPrefix(err.Error(), "sample: "+name+" ") {
				t.Errorf("%s: got the error %v", name, err)
			}
		}
	}
}

func TestBadLogits(t *testing.T) {
	nan := float32(math.NaN())
	modes := [][]Option{{Greedy()}, {Random()}, {TopK(2)}, {TopP(.5)}, {PresencePenalty(1)}}
	for _, c := range []struct {
		logits []float32
		want   error
	}{
		{nil, ErrNoToken},
		{[]float32{-inf, -inf, -inf}, ErrNoToken},
		{[]float32{nan, 1, 2, 3}, ErrNotFinite},
		{[]float32{3, 2, 1, nan}, ErrNotFinite},
		{[]float32{1, inf, 2, 3}, ErrNotFinite},
		{[]float32{3, 2, 1, inf}, ErrNotFinite},
		{[]float32{-inf, -inf, nan}, ErrNotFinite},
	} {
		for _, opts := range modes {
			s := mustNew(t, opts...)
			if _, err := s.Sample(c.logits, []int32{0}); !errors.Is(err, c.want) {
				t.Errorf("Sample(%v): got the error %v, want %v", c.logits, err, c.want)
			}
			if _, err := s.Distribution(c.logits, []int32{0}); !errors.Is(err, c.want) {
				t.Errorf("Distribution(%v): got the error %v, want %v", c.logits, err, c.want)
			}
		}
	}
	if _, err := mustNew(t, LogitBias(2, 1)).Sample([]float32{1, 2}, nil); err == nil || !strings.Contains(err.Error(), "token 2") {
		t.Errorf("bias outside the vocabulary: got the error %v", err)
	}
}
