package engine

import (
	"fmt"

	"github.com/linnet-go/linnet/engine/internal/arch"
	"github.com/linnet-go/linnet/engine/internal/cache"
)

// budget is the memory that a model may take, found out before any of it is taken.
type budget struct {
	context, batch int
	weights        int64 // packed
	buffers        int64 // of a step with batch rows
	position       int64 // KV cache of a position, on average over a page
	pool           int64 // KV cache of all sessions together, at most
	keep           int64 // KV cache that stays for sessions to come, at most
}

const (
	bufferBytes  = 48 << 20 // for the buffers of a step, unless a batch is asked for
	mostRows     = 512      // of a step, unless a batch is asked for: more gain nothing
	fewestRows   = 32
	spareBytes   = 64 << 20 // for everything else
	unknownBytes = 1 << 50  // the memory of a machine that does not tell
)

// newBudget divides available bytes of memory, 0 if that is not known. The error says what is needed and what there is.
func newBudget(c *config, a *arch.Model, available int64) (budget, error) {
	if available == 0 {
		available = unknownBytes
	}
	b := budget{context: c.context, batch: c.batch}
	for _, w := range a.Matrices {
		if w.Bound() {
			b.weights += w.PackedBytes()
		}
	}
	if b.batch == 0 {
		b.batch = min(max(int(bufferBytes/a.RowBytes())&^31, fewestRows), mostRows) // whole tiles
	}
	b.buffers = int64(b.batch) * a.RowBytes()
	size := cache.New(c.cache, a.Cache, 0, 0).Bytes
	room := available - b.weights - b.buffers - a.AttentionBytes(a.Context, c.threads) - spareBytes
	if b.context == 0 {
		b.context = a.Context
		for b.context > 1 && size(b.context) > room {
			b.context /= 2
		}
	}
	b.buffers += a.AttentionBytes(b.context, c.threads)
	if size(b.context) > room {
		return b, fmt.Errorf("%w: weights %s, buffers %s, KV cache of %d tokens %s; the machine has %s", ErrMemory,
			megabytes(b.weights), megabytes(b.buffers+spareBytes), b.context, megabytes(size(b.context)), megabytes(available))
	}
	b.position = size(1<<20) >> 20
	b.pool = max(room/4*3, size(b.context))
	b.keep = min(size(b.context), b.pool/8)
	return b, nil
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", (n+1<<20-1)>>20) }
