package engine

import (
	"errors"
	"strings"
	"testing"

	"github.com/linnet-go/linnet/engine/internal/arch"
	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/engine/internal/layer"
	"github.com/linnet-go/linnet/kernels"
)

func TestBudget(t *testing.T) {
	// The KV cache of a position takes 32 · 2 · 1024 · 2 bytes = 128 KB.
	a := &arch.Model{
		Sizes:   layer.Sizes{Dim: 4096, FFN: 14336, Vocab: 128256, Heads: layer.Heads{N: 32, KV: 8, Dim: 128}},
		Context: 1 << 17,
	}
	for range 32 {
		a.Cache = append(a.Cache, cache.Shape{KVHeads: 8, HeadDim: 128})
	}
	for _, c := range []struct {
		name           string
		config         config
		available      int64
		context, batch int // 0, 0: it does not fit
	}{
		{"all of the context", config{}, 64 << 30, 1 << 17, 256},
		{"not known", config{}, 0, 1 << 17, 256},
		{"half of it", config{}, 14 << 30, 1 << 16, 256},
		{"an eighth", config{}, 3 << 30, 1 << 14, 256},
		{"asked for", config{context: 1000, batch: 64}, 3 << 30, 1000, 64},
		{"asked for too much", config{context: 1 << 17}, 14 << 30, 0, 0},
		{"a batch too large", config{context: 1000, batch: 1 << 16}, 3 << 30, 0, 0},
		{"next to nothing", config{}, 1 << 20, 0, 0},
	} {
		c.config.cache, c.config.threads = kernels.CacheF16, 2
		b, err := newBudget(&c.config, a, c.available)
		if c.context == 0 {
			if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "KV cache of") {
				t.Errorf("%s: %+v, %v", c.name, b, err)
			}
			continue
		}
		if err != nil || b.context != c.context || b.batch != c.batch || b.position != 128<<10 {
			t.Errorf("%s: %+v, %v; want context %d, batch %d", c.name, b, err, c.context, c.batch)
		}
		if need := int64(b.context) * b.position; b.pool < need || c.available > 0 && b.pool+b.buffers > c.available || b.keep > b.pool/8 {
			t.Errorf("%s: %+v of %d", c.name, b, c.available)
		}
	}
}

func TestAvailableMemory(t *testing.T) {
	if n := availableMemory(); n < 0 || n > 1<<50 {
		t.Errorf("%d bytes of memory", n)
	}
}
