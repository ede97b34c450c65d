package kernels

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// The operations of a level. Lengths are checked by the exported callers; the functions of a level trust them.
type (
	// dotFunc: y [16·panels] = panels w · one token (class I8).
	dotFunc func(y []float32, w []byte, units int, q []int8, d, ds []float32, s []int16)
	// dotFloatFunc: y [16·panels] = panels w · x [units·64].
	dotFloatFunc func(y []float32, w []byte, units int, x []float32)
	// tileFunc: one unpacked panel slice · tokens; see genericTile.
	tileFunc func(y []float32, stride int, codes []byte, scales []float32, blocks int, q []int8, d, ds []float32, s []int16, pad, tokens int, more bool)
	// tileFloatFunc: one unpacked panel slice w [n, 16] · tokens; see genericTileFloat.
	tileFloatFunc func(y []float32, stride int, w []float32, n int, x []float32, pad, tokens int, more bool)
	// pairFloatFunc: the unpacked slices w and v [n, 16] of two panels · tokens.
	pairFloatFunc func(y []float32, stride int, w, v []float32, n int, x []float32, pad, tokens int, more bool)
	// tilesFunc: unpacked slices of panels, groups of 8 blocks each · tiles of 16 tokens; d and ds as in Acts.TD, ring is 16 KB of memory.
	tilesFunc func(y []float32, stride int, codes []byte, scales []float32, groups, panels int, q []int8, d, ds []float32, pad, tiles, dstride int, more bool, ring []byte)
	// scoresFunc, valuesFunc: queries · keys of a page, weights · values of a page; see genericScores, genericValues.
	scoresFunc func(s, q []float32, k []byte, headDim, queries, groups int)
	valuesFunc func(acc, e []float32, v []byte, headDim, queries, positions int)
)

// Level is one way to compute every operation: an instruction set, or plain Go. All levels give the same bits. A level lists what it
// does better than the level it is based on and inherits the rest.
type Level struct {
	Name string

	dot         [kinds]dotFunc
	dotFloat    [kinds]dotFloatFunc
	unpack      [kinds]unpackFunc
	unpackFloat [kinds]unpackFloatFunc
	tile        [kinds]tileFunc
	tileFloat   tileFloatFunc
	ownCodes    bool // unpack writes codes in a form that only this level's tile reads: without their offset, or in another order

	// Levels whose registers hold a whole panel multiply two panels at once: pairUnpack writes the rows of one into every second
	// 64 bytes of codes and 16 scales (and 16 numbers of its own behind each block's), pairTile reads both. nil: tile takes all panels.
	pairUnpack [kinds]unpackFunc
	pairTile   [kinds]tileFunc
	pairFloat  pairFloatFunc

	// Levels with tile registers multiply 16 tokens with several panels; see mulTiles. nil: the kind has none.
	tilesUnpack [kinds]unpackFunc
	tiles       [kinds]tilesFunc

	quantize   func(q []int8, d, ds []float32, s []int16, x []float32)
	sumSquares func(x []float32) float32
	sum        func(x []float32) float32
	scale      func(y, x, w []float32, c float32)
	add        func(y, x []float32)
	swiGLU     func(y, gate, up []float32)
	geGLU      func(y, gate, up []float32)
	activate   [activations]func(x []float32)
	softCap    func(x []float32, inv, c float32)
	mul        func(x []float32, c float32)
	max        func(x []float32) float32
	expSum     func(x []float32, m float32, lanes *[16]float32)
	scores     [cacheTypes]scoresFunc
	values     [cacheTypes]valuesFunc
}

// ref computes everything in Go: the fallback on CPUs without another level, and what the others are tested against.
func ref() *Level {
	l := &Level{
		Name:        "ref",
		unpack:      genericUnpack,
		unpackFloat: genericUnpackFloat,
		tileFloat:   genericTileFloat,
		quantize:    genericQuantize,
		sumSquares:  genericSumSquares,
		sum:         genericSum,
		scale:       genericScale,
		add:         genericAdd,
		swiGLU:      genericSwiGLU,
		geGLU:       genericGeGLU,
		activate:    [activations]func(x []float32){SiLU: inPlace(silu), GELU: inPlace(gelu), GELUErf: inPlace(geluErf), ReLU2: inPlace(relu2)},
		softCap:     genericSoftCap,
		mul:         genericMul,
		max:         genericMax,
		expSum:      genericExpSum,
	}
	for k := range kinds {
		if k.Float() {
			l.dotFloat[k] = genericDotFloat(k)
		} else {
			l.dot[k], l.tile[k] = genericDot(k), genericTile(k)
		}
	}
	for t := range cacheTypes {
		l.scores[t], l.values[t] = genericScores(t), genericValues(t)
	}
	return l
}

// Levels returns the levels that this CPU can run, the best last.
var Levels = sync.OnceValue(func() []*Level { return append([]*Level{ref()}, nativeLevels()...) })

// Default returns the level named by the environment variable LINNET_LEVEL, or else the best one.
func Default() (*Level, error) {
	if name := os.Getenv("LINNET_LEVEL"); name != "" {
		return ByName(name)
	}
	all := Levels()
	return all[len(all)-1], nil
}

// ByName returns a level by its name. The error says which levels this CPU has.
func ByName(name string) (*Level, error) {
	var have []string
	for _, l := range Levels() {
		if l.Name == name {
			return l, nil
		}
		have = append(have, l.Name)
	}
	return nil, fmt.Errorf("level %q: this CPU has %s", name, strings.Join(have, ", "))
}
