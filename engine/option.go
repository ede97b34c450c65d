package engine

import (
	"fmt"

	"github.com/linnet-go/linnet/engine/internal/cache"
	"github.com/linnet-go/linnet/kernels"
	"github.com/linnet-go/linnet/kernels/team"
)

// Option is a setting of Open.
type Option func(*config) error

// config is what the options say, and the defaults.
type config struct {
	level   *kernels.Level
	threads int
	context int // 0: what the model was trained on, if memory allows
	batch   int // 0: as many as fit into bufferBytes
	cache   cache.CacheType
	grain   float64 // nanoseconds of work that are not worth sharing
}

// newConfig applies the options.
func newConfig(opts []Option) (*config, error) {
	level, err := kernels.Default()
	if err != nil {
		return nil, err
	}
	c := &config{level: level, threads: team.Cores(), cache: kernels.CacheF16, grain: 5e3}
	for _, set := range opts {
		if err := set(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Threads sets the number of workers that share each step, 1 to 1024. The default is the number of fast physical cores that the process
// may use. It changes no result.
func Threads(n int) Option {
	return func(c *config) error {
		c.threads = n
		return inRange("threads", n, 1, 1024)
	}
}

// Level names the instruction-set level to use, such as "ref" or "avx2". The default is $LINNET_LEVEL, or else the best that this CPU
// has; the error for one that it lacks lists those it has. It changes no result.
func Level(name string) Option {
	return func(c *config) (err error) {
		c.level, err = kernels.ByName(name)
		return err
	}
}

// Context sets the number of tokens that a session can hold. The default is the length that the model was trained on, or less where memory is
// short.
func Context(n int) Option {
	return func(c *config) error {
		c.context = n
		return inRange("context", n, 1, 1<<24)
	}
}

// Batch sets the number of tokens that a step takes at most. The default is 512, or less for a wide model. It changes no result.
func Batch(n int) Option {
	return func(c *config) error {
		c.batch = n
		return inRange("batch", n, 1, 1<<16)
	}
}

// CacheType sets how keys and values are kept: "f16" (the default), "f32" or "q8_0".
func CacheType(name string) Option {
	return func(c *config) (err error) {
		c.cache, err = kernels.ParseCacheType(name)
		return err
	}
}

func inRange(name string, n, lo, hi int) error {
	if n < lo || n > hi {
		return fmt.Errorf("%s %d: need %d to %d", name, n, lo, hi)
	}
	return nil
}
