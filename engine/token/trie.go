package token

import (
	"cmp"
	"math/bits"
	"slices"
)

// doubleArray is a trie over byte strings in two arrays in one (Aoe 1989, "An efficient digital search algorithm by
// using a double-array structure", IEEE TSE 15:9): the child of node s by byte c stands at base(s) XOR c and names s
// as its parent, so that a step down is one look. The root is node 0.
type doubleArray struct {
	units []daUnit // a multiple of 256, so that base XOR c never leaves the array
}

type daUnit struct {
	base   int32
	parent int32 // -1: free
	id     int32 // of the key that ends here, or -1
}

// step returns the child of a node by a byte, or -1.
func (d *doubleArray) step(node int32, c byte) int32 {
	next := d.units[node].base ^ int32(c)
	if d.units[next].parent != node {
		return -1
	}
	return next
}

// newDoubleArray makes the trie of keys, not empty and each once, with their ids.
func newDoubleArray(keys []string, ids []int32) *doubleArray {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	b := &daBuilder{}
	b.grow()
	b.take(0, -2) // no node is the parent of the root
	type span struct{ node, lo, hi, depth int }
	queue := []span{{0, 0, len(order), 0}}
	var labels []byte
	var starts []int
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if s.lo < s.hi && len(keys[order[s.lo]]) == s.depth {
			b.units[s.node].id = ids[order[s.lo]]
			s.lo++
		}
		labels, starts = labels[:0], starts[:0]
		for i := s.lo; i < s.hi; i++ {
			if c := keys[order[i]][s.depth]; len(labels) == 0 || labels[len(labels)-1] != c {
				labels, starts = append(labels, c), append(starts, i)
			}
		}
		if len(labels) == 0 {
			continue
		}
		base := b.place(labels)
		b.units[s.node].base = int32(base)
		starts = append(starts, s.hi)
		for i, c := range labels {
			b.take(base^int(c), s.node)
			queue = append(queue, span{base ^ int(c), starts[i], starts[i+1], s.depth + 1})
		}
	}
	return &doubleArray{b.units}
}

// daBuilder finds room for the children of a node in blocks of 256 units.
type daBuilder struct {
	units []daUnit
	used  [][4]uint64 // a bit a unit, by block
	open  []daBlock   // blocks with room, oldest first
}

type daBlock struct{ block, failures int }

// maxFailures is after how many nodes that did not fit a block is left as it is. It bounds the time of a build.
const maxFailures = 16

func (b *daBuilder) grow() {
	b.open = append(b.open, daBlock{block: len(b.used)})
	b.used = append(b.used, [4]uint64{})
	for range 256 {
		b.units = append(b.units, daUnit{parent: -1, id: -1})
	}
}

func (b *daBuilder) take(unit, parent int) {
	b.units[unit].parent = int32(parent)
	b.used[unit>>8][unit>>6&3] |= 1 << (unit & 63)
}

// place returns a base from which all labels lead to free units.
func (b *daBuilder) place(labels []byte) int {
	for i := 0; i < len(b.open); i++ {
		o := &b.open[i]
		if at := fit(&b.used[o.block], labels); at >= 0 {
			return o.block<<8 | at
		}
		if o.failures++; o.failures == maxFailures {
			b.open = slices.Delete(b.open, i, i+1)
			i--
		}
	}
	b.grow()
	return b.open[len(b.open)-1].block<<8 | fit(&b.used[len(b.used)-1], labels)
}

// fit returns a base within a block from which all labels lead to free units, or -1.
func fit(used *[4]uint64, labels []byte) int {
	for word, set := range used {
		for free := ^set; free != 0; free &= free - 1 {
			base := (word<<6 | bits.TrailingZeros64(free)) ^ int(labels[0])
			ok := true
			for _, c := range labels[1:] {
				at := base ^ int(c)
				ok = ok && used[at>>6]>>(at&63)&1 == 0
			}
			if ok {
				return base
			}
		}
	}
	return -1
}
