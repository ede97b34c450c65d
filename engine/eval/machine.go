package eval

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

// Machine measures what this machine can do at most: workers that only read memory, or only multiply.
type Machine struct {
	level *kernels.Level
	team  *team.Team
	block []byte // far larger than the caches
	read  atomic.Uint64
}

// leastBlock and mostBlock bound the memory that is read beside a model, in bytes.
const (
	leastBlock = 256 << 20
	mostBlock  = 1 << 30
)

// NewMachine returns a machine of some workers at a level that reads a block of bytes when memory is measured. The block should be as large
// as what the measured program reads again and again: caches then help as little, or as much. The caller closes the machine.
func NewMachine(level string, workers, bytes int) (*Machine, error) {
	l, err := kernels.ByName(level)
	if err != nil {
		return nil, err
	}
	block, err := kernels.Alloc(bytes)
	if err != nil {
		return nil, fmt.Errorf("measuring memory: %w", err)
	}
	for i := 0; i < len(block); i += 4096 { // pages that were never written are one and the same
		block[i] = 1
	}
	return &Machine{level: l, team: team.New(workers), block: block}, nil
}

// Close gives the memory back.
func (m *Machine) Close() {
	m.team.Close()
	kernels.Free(m.block)
}

// ReadBandwidth returns the bytes that all workers together read from memory in a second, with plain loads and without prefetching by hand.
func (m *Machine) ReadBandwidth() float64 {
	const part = 1 << 20
	start := time.Now()
	m.team.Do((len(m.block)+part-1)/part, func(unit, _ int) {
		m.read.Add(kernels.Read(m.block[unit*part : min((unit+1)*part, len(m.block))]))
	})
	return float64(len(m.block)) / time.Since(start).Seconds()
}

// peakTime is how long Peak takes.
const peakTime = 20 * time.Millisecond

// Peak returns the multiply-adds that all workers together do in a second on registers alone: of f32 values, or of 8-bit integers.
func (m *Machine) Peak(float bool) float64 {
	multiply := m.level.PeakInt8
	if float {
		multiply = m.level.PeakFloat
	}
	var done atomic.Int64
	start := time.Now()
	for time.Since(start) < peakTime {
		m.team.Do(32*m.team.Workers(), func(int, int) { done.Add(int64(multiply())) })
	}
	return float64(done.Load()) / time.Since(start).Seconds()
}

// Range sums up some measurements of the same thing.
type Range struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func newRange(samples []float64) Range {
	s := slices.Sorted(slices.Values(samples))
	n := len(s)
	return Range{Median: s[(n-1)/2]/2 + s[n/2]/2, Min: s[0], Max: s[n-1]}
}
