package engine

import (
	"context"
	"iter"
	"time"

	"github.com/linnet-go/linnet/engine/sample"
	"github.com/linnet-go/linnet/engine/token"
)

// Next returns the distribution of the token that follows a text, the most likely first, after the stages that the options ask for;
// without options it is the model's own.
func (s *Session) Next(ctx context.Context, text string, opts ...sample.Option) ([]sample.Prob, error) {
	return s.NextToken(ctx, s.m.tok.Encode(text, token.Options{AddSpecial: true}), opts...)
}

// NextToken is Next after the given ids, which are taken as they are.
func (s *Session) NextToken(ctx context.Context, ids []int32, opts ...sample.Option) ([]sample.Prob, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	sampler, err := sample.New(opts...)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	err = s.prefill(ctx, ids, s.logits)
	s.stats.PromptTime = time.Since(start)
	if err != nil {
		return nil, err
	}
	return sampler.Distribution(s.logits, ids)
}

// chunkBytes bounds the memory of the logits that Logits computes at a time.
const chunkBytes = 8 << 20

// Logits yields the logits [vocab] of the tokens ids[first:], in order: row i tells what follows ids[:first+i+1]. A row is good until the
// next one is asked for. Memory does not grow with the number of rows. After an error nothing follows.
func (s *Session) Logits(ctx context.Context, ids []int32, first int) iter.Seq2[[]float32, error] {
	return func(yield func([]float32, error) bool) {
		if err := s.enter(); err != nil {
			yield(nil, err)
			return
		}
		defer s.leave()
		err := s.check(ids)
		if err == nil {
			err = inRange("first row", first, 0, len(ids)-1)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		vocab := len(s.logits)
		rows := min(max(1, chunkBytes/4/vocab), s.m.batch, len(ids)-first)
		logits := make([]float32, rows*vocab)
		reused := 0
		for at := first; at < len(ids); at += rows {
			n := min(rows, len(ids)-at)
			start := time.Now()
			err := s.prefill(ctx, ids[:at+n], logits[:n*vocab])
			s.stats.PromptTime += time.Since(start)
			if at == first {
				reused = s.stats.Reused
			}
			s.stats.Prompt, s.stats.Reused = len(ids), reused
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range n {
				if !yield(logits[i*vocab:(i+1)*vocab], nil) {
					return
				}
			}
		}
	}
}
