package engine

import "strings"

// stopper looks for stop strings in a text that arrives in pieces. It holds back what may be the beginning of one.
type stopper struct {
	stops []string
	held  []byte
}

// push takes a piece and returns the text that may be shown. found says that a stop string has come up: the text ends before it, and what
// follows is dropped.
func (s *stopper) push(piece string) (shown string, found bool) {
	if len(s.stops) == 0 {
		return piece, false
	}
	text := piece
	if len(s.held) > 0 {
		text = string(append(s.held, piece...))
	}
	end := -1
	for _, stop := range s.stops {
		if i := strings.Index(text, stop); i >= 0 && (end < 0 || i < end) {
			end = i
		}
	}
	if end >= 0 {
		s.held = s.held[:0]
		return text[:end], true
	}
	keep := 0
	for _, stop := range s.stops {
		keep = max(keep, overlap(text, stop))
	}
	shown = text[:len(text)-keep]
	s.held = append(s.held[:0], text[len(shown):]...)
	return shown, false
}

// overlap returns the length of the longest end of text that begins stop, less than all of it.
func overlap(text, stop string) int {
	for n := min(len(text), len(stop)-1); n > 0; n-- {
		if strings.HasSuffix(text, stop[:n]) {
			return n
		}
	}
	return 0
}

// flush returns what is held back, when the text has ended without a stop string.
func (s *stopper) flush() string {
	text := string(s.held)
	s.held = s.held[:0]
	return text
}
