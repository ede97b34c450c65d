package layer

import "math"

// Routing is how a mixture of experts chooses for each token.
type Routing struct {
	Used       int     // experts of a token
	Sigmoid    bool    // an expert's probability is σ(logit); otherwise the softmax over all logits
	Normalise  bool    // the weights of the chosen are divided by their sum
	Scale      float32 // of the weights
	Groups     int     // experts stand in so many groups of equal size; 0 or 1: one group
	UsedGroups int     // only the experts of the best groups can be chosen
}

// pick is an expert that a token has chosen.
type pick struct {
	expert int32
	slot   int32 // the row in the expert's batch
	weight float32
	score  float64 // what it was chosen for
}

// route chooses the experts of one token by its logits. bias is added to the probabilities for the choice only; nil: none. Of equal scores the
// lower expert wins. p has room for the probabilities. Picks come in the order of experts.
func (c *Routing) route(picks []pick, logits, bias []float32, p []float64) {
	c.probabilities(p, logits)
	for i := range picks {
		picks[i] = pick{expert: -1, score: math.Inf(-1)}
	}
	best := c.bestGroups(p, bias)
	per := len(p)
	if c.Groups > 1 {
		per = len(p) / c.Groups
	}
	count := 0
	for e, v := range p {
		if c.Groups > 1 && !best.takes(e/per) {
			continue
		}
		s := chosenFor(v, bias, e)
		i := count
		if count == len(picks) {
			if !(s > picks[count-1].score) {
				continue
			}
			i--
		} else {
			count++
		}
		for ; i > 0 && s > picks[i-1].score; i-- {
			picks[i] = picks[i-1]
		}
		picks[i] = pick{expert: int32(e), weight: float32(v), score: s}
	}
	c.weigh(picks, p)
	byExpert(picks)
}

// chosenFor is the score of an expert with probability v.
func chosenFor(v float64, bias []float32, e int) float64 {
	if bias != nil {
		v += float64(bias[e])
	}
	return v
}

// probabilities sets p to the probabilities of all experts.
func (c *Routing) probabilities(p []float64, logits []float32) {
	if c.Sigmoid {
		for e := range p {
			p[e] = 1 / (1 + exp(min(max(-float64(logits[e]), -700), 700)))
		}
		return
	}
	most := float64(logits[0])
	for _, x := range logits[:len(p)] {
		most = max(most, float64(x))
	}
	sum := 0.0
	for e := range p {
		p[e] = exp(max(float64(logits[e])-most, -700))
		sum += p[e]
	}
	for e := range p {
		p[e] /= sum
	}
}

// weigh sets the weights of the picks.
func (c *Routing) weigh(picks []pick, p []float64) {
	sum := 1.0
	if c.Normalise {
		sum = 1e-20 // all σ can be 0
		for _, k := range picks {
			sum += p[k.expert]
		}
	}
	for i, k := range picks {
		picks[i].weight = float32(p[k.expert] / sum * float64(c.Scale))
	}
}

// byExpert sorts picks, which are few.
func byExpert(picks []pick) {
	for i := range picks {
		for j := i; j > 0 && picks[j].expert < picks[j-1].expert; j-- {
			picks[j], picks[j-1] = picks[j-1], picks[j]
		}
	}
}

// MaxGroups bounds Routing.Groups.
const MaxGroups = 256

// groupSet is a set of groups of experts.
type groupSet [MaxGroups / 64]uint64

func (s *groupSet) takes(g int) bool { return s[g/64]>>(g%64)&1 == 1 }

// bestGroups returns the best groups. A group is worth its best expert (DeepSeek-V2), or its two best where probabilities are σ (DeepSeek-V3).
func (c *Routing) bestGroups(p []float64, bias []float32) (best groupSet) {
	if c.Groups <= 1 {
		return best
	}
	per := len(p) / c.Groups
	for range c.UsedGroups {
		top, at := math.Inf(-1), -1
		for g := range c.Groups {
			if best.takes(g) {
				continue
			}
			if v := c.groupScore(p, bias, g*per, (g+1)*per); v > top || at < 0 {
				top, at = v, g
			}
		}
		best[at/64] |= 1 << (at % 64)
	}
	return best
}

func (c *Routing) groupScore(p []float64, bias []float32, from, to int) float64 {
	first, second := math.Inf(-1), math.Inf(-1)
	for e := from; e < to; e++ {
		if v := chosenFor(p[e], bias, e); v > first {
			first, second = v, first
		} else if v > second {
			second = v
		}
	}
	if c.Sigmoid && to-from > 1 {
		return first + second
	}
	return first
}
