package sample

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// gaussian are logits [n] with many ties, some of them -Inf.
func gaussian(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	l := make([]float32, n)
	for i := range l {
		l[i] = float32(math.Round(r.NormFloat64()*80) / 16)
		if r.IntN(20) == 0 {
			l[i] = -inf
		}
	}
	return l
}

// TestFiltersKeepTheFewest checks the definitions on random logits: what is kept goes before what is dropped, has the
// share asked for, and would not have it without its last token.
func TestFiltersKeepTheFewest(t *testing.T) {
	const eps = 1e-12
	for seed := range uint64(60) {
		logits := gaussian(seed, 1+int(seed*seed)%700)
		logits[0] = 1
		share := rand.New(rand.NewPCG(seed, 1)).Float64()
		plain, err := mustNew(t).Distribution(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		entropy := 0.0
		for _, p := range plain {
			entropy -= p.P * math.Log(p.P)
		}
		for name, c := range map[string]struct {
			opt Option
			key func(Prob) float64 // what is kept has the least keys
		}{
			"top-p":     {TopP(share), func(p Prob) float64 { return -p.P }},
			"typical-p": {TypicalP(share), func(p Prob) float64 { return math.Abs(-math.Log(p.P) - entropy) }},
		} {
			kept := map[int32]bool{}
			probs, err := mustNew(t, c.opt).Distribution(logits, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range probs {
				kept[p.ID] = true
			}
			sum, last, least, lastP := 0.0, math.Inf(-1), math.Inf(1), 0.0
			for _, p := range plain {
				switch k := c.key(p); {
				case !kept[p.ID]:
					least = min(least, k)
				case k > last:
					last, lastP = k, p.P
					fallthrough
				default:
					sum += p.P
				}
			}
			if last > least+eps {
				t.Errorf("%s %v, seed %d: kept a token at %v, dropped one at %v", name, share, seed, last, least)
			}
			if sum < share-eps || sum-lastP >= share+eps {
				t.Errorf("%s %v, seed %d: kept %v, the last token has %v", name, share, seed, sum, lastP)
			}
		}
	}
}

func TestTopKKeepsTheGreatest(t *testing.T) {
	for seed := range uint64(60) {
		logits := gaussian(seed, 1+int(seed*seed)%700)
		logits[0] = 1
		plain, err := mustNew(t).Distribution(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		k := 1 + int(seed*7)%len(logits)
		got, err := mustNew(t, TopK(k)).Distribution(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != min(k, len(plain)) {
			t.Fatalf("top-k %d of %d, seed %d: kept %d", k, len(plain), seed, len(got))
		}
		for i, p := range got {
			if p.ID != plain[i].ID {
				t.Fatalf("top-k %d, seed %d: token %d at rank %d, want %d", k, seed, p.ID, i, plain[i].ID)
			}
		}
	}
}

func FuzzSample(f *testing.F) {
	f.Add([]byte{0, 0, 128, 63, 0, 0, 0, 64}, 1.0, 1, 0.9, 0.9, 0.1, 1.1, 0.5)
	f.Add([]byte{255, 255, 127, 127, 255, 255, 127, 255}, 1e-300, 0, 5e-324, 5e-324, 1.0, 1e-300, -1e308)
	f.Fuzz(func(t *testing.T, data []byte, tau float64, k int, p, typical, least, repeat, frequency float64) {
		opts := []Option{Temperature(tau), TopK(k), TopP(p), TypicalP(typical), MinP(least), RepeatPenalty(repeat), FrequencyPenalty(frequency), Seed(1)}
		s, err := New(opts...)
		if err != nil {
			return
		}
		logits := make([]float32, len(data)/4)
		for i := range logits {
			logits[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		history := []int32{0, 0, 1}
		probs, err := s.Distribution(logits, history)
		if err != nil {
			return
		}
		id, err := s.Sample(logits, history)
		if err != nil {
			t.Fatalf("Sample fails where Distribution does not: %v", err)
		}
		sum, drawn := 0.0, false
		for _, q := range probs {
			sum += q.P
			drawn = drawn || q.ID == id
		}
		if !drawn || math.Abs(sum-1) > 1e-9 {
			t.Fatalf("drew %d from %v, which sums to %v", id, probs, sum)
		}
	})
}

func TestSampleDoesNotAllocate(t *testing.T) {
	logits, history := gaussian(1, 3000), []int32{1, 2, 3, 2}
	logits[0] = 1
	for name, opts := range map[string][]Option{
		"greedy":  {Greedy()},
		"random":  {Random()},
		"top-k":   {TopK(40)},
		"filters": {TopK(1000), TypicalP(.9), TopP(.9), MinP(.01), Temperature(.8)},
		"adjust":  {LogitBias(1, 2), RepeatPenalty(1.1), PresencePenalty(.1), FrequencyPenalty(.1), Greedy()},
		"top-p":   {TopP(.9)},
	} {
		s := mustNew(t, opts...)
		if n := testing.AllocsPerRun(20, func() {
			if _, err := s.Sample(logits, history); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a call", name, n)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	logits := make([]float32, 256<<10)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 3)
	}
	for _, c := range []struct {
		name string
		opts []Option
	}{
		{"greedy", []Option{Greedy()}},
		{"random", []Option{Random()}},
		{"topk40", []Option{TopK(40)}},
		{"topp0.95", []Option{TopP(.95)}},
		{"typical0.95", []Option{TypicalP(.95)}},
		{"minp0.05", []Option{MinP(.05)}},
		{"usual", []Option{TopK(40), TopP(.95), MinP(.05), Temperature(.8), RepeatPenalty(1.1)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := mustNew(b, append(c.opts, Seed(1))...)
			for b.Loop() {
				if _, err := s.Sample(logits, []int32{1, 2, 3}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
