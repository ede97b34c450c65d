package engine

import (
	"errors"
	"fmt"
	"sync"

	"github.com/linnet-go/linnet/engine/internal/arch"
	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/engine/token"
	"github.com/linnet-go/linnet/kernels/team"
	"github.com/linnet-go/linnet/loader"
)

// Model is an open model. It is safe for concurrent use; sessions that work at the same time share its steps.
type Model struct {
	budget
	config config
	file   *loader.Model
	arch   *arch.Model
	tok    *token.Tokenizer
	team   *team.Team
	pool   *cache.Pool
	info   Info

	steps  scheduler
	closed sync.Once
}

// Info describes a model and how it runs.
type Info struct {
	Name, Family, Format                         string
	Layers, Dim, Heads, KVHeads, HeadDim, FFN    int
	Vocab                                        int
	TrainedContext, Context, Batch, Threads      int // tokens, tokens, tokens, workers
	Level, CacheType                             string
	WeightBytes, BufferBytes, CacheBytesPerToken int64 // memory: of all packed weights, of a step's buffers, of a token in the KV cache
}

// Info returns the description of the model.
func (m *Model) Info() Info { return m.info }

// describe makes the Info.
func (m *Model) describe() Info {
	family, _ := m.file.Meta("general.architecture")
	name, _ := m.file.Meta("general.name")
	i := Info{
		Format: m.file.Format(),
		Layers: m.arch.Layers, Dim: m.arch.Dim, FFN: m.arch.FFN, Vocab: m.arch.Vocab,
		Heads: m.arch.Heads.N, KVHeads: m.arch.Heads.KV, HeadDim: m.arch.Heads.Dim,
		TrainedContext: m.arch.Context, Context: m.context, Batch: m.batch, Threads: m.config.threads,
		Level: m.config.level.Name, CacheType: m.config.cache.String(),
		WeightBytes: m.weights, BufferBytes: m.buffers, CacheBytesPerToken: m.position,
	}
	i.Family, _ = family.(string)
	i.Name, _ = name.(string)
	return i
}

// Tokenizer returns the model's tokenizer.
func (m *Model) Tokenizer() *token.Tokenizer { return m.tok }

// Close ends what runs and gives all memory back. Sessions of the model fail with ErrClosed from then on. Closing again does nothing.
func (m *Model) Close() (err error) {
	m.closed.Do(func() {
		m.steps.close()
		m.team.Close()
		m.pool.Close()
		for _, w := range m.arch.Matrices {
			w.Free()
		}
		err = m.file.Close()
	})
	return err
}

// newRun returns the buffers of the model's steps.
func (m *Model) newRun() *layer.Run {
	return layer.NewRun(layer.Config{
		Sizes: m.arch.Sizes, Level: m.config.level, Team: m.team, Guard: m.file.Guard,
		Cache: m.config.cache, Rows: m.batch, Grain: m.config.grain,
	})
}

// memoryError makes an error of the cache one that callers know.
func memoryError(err error) error {
	if errors.Is(err, cache.ErrFull) {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	return err
}
