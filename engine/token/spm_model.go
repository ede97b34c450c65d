package token

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// VocabFromSentencePiece reads a SentencePiece model (tokenizer.model): the pieces, and of the specifications what changes ids.
// config is the tokenizer_config.json beside it, or nil. Source: sentencepiece_model.proto of the SentencePiece project.
func VocabFromSentencePiece(model, config []byte) (Vocab, error) {
	c, err := readConfig(config)
	if err != nil {
		return Vocab{}, err
	}
	return vocabFromSentencePiece(model, c)
}

func vocabFromSentencePiece(model []byte, c *hfConfig) (Vocab, error) {
	v, err := readSentencePiece(model)
	if err == nil {
		err = c.apply(&v)
	}
	if err != nil {
		return Vocab{}, fmt.Errorf("token: tokenizer.model: %w", err)
	}
	return v, nil
}

// The numbers of the fields that are read.
const (
	spmPieces, spmTrainer, spmNormalizer = 1, 2, 3

	pieceText, pieceScore, pieceKind = 1, 2, 3

	trainerModel, trainerSuffix                            = 3, 24
	trainerUnknown, trainerBOS, trainerEOS, trainerPadding = 40, 41, 42, 43

	normalizerName, normalizerMap, normalizerPrefix, normalizerSqueeze, normalizerEscape = 1, 2, 3, 4, 5
)

// The kinds of models, trainerModel.
const (
	spmUnigram = 1
	spmBPE     = 2
)

// spmFile is what is read of a SentencePiece model. Fields that a file leaves out have the values that its definition gives them.
type spmFile struct {
	Vocab
	model                   uint64
	prefix, squeeze, escape bool // add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces
	suffix                  bool // treat_whitespace_as_suffix
	normalizer              string
}

func readSentencePiece(b []byte) (Vocab, error) {
	if len(b) > maxJSON {
		return Vocab{}, fmt.Errorf("has %d bytes, at most %d are supported", len(b), maxJSON)
	}
	f := spmFile{Vocab: noVocab(), model: spmUnigram, prefix: true, squeeze: true, escape: true}
	f.UNK, f.BOS, f.EOS = 0, 1, 2
	err := eachField(b, func(field protoField) error {
		switch field.number {
		case spmPieces:
			return f.piece(field.bytes)
		case spmTrainer:
			return eachField(field.bytes, f.trainer)
		case spmNormalizer:
			return eachField(field.bytes, f.normal)
		}
		return nil
	})
	if err != nil {
		return Vocab{}, err
	}
	return f.vocab()
}

// piece reads one piece.
func (f *spmFile) piece(b []byte) error {
	text, score, kind := "", float32(0), Normal
	err := eachField(b, func(field protoField) error {
		switch field.number {
		case pieceText:
			text = string(field.bytes)
		case pieceScore:
			score = math.Float32frombits(uint32(field.value))
		case pieceKind:
			kind = Kind(min(field.value, math.MaxUint8))
		}
		return nil
	})
	if len(f.Tokens) == maxTokens {
		return fmt.Errorf("more than %d pieces", maxTokens)
	}
	f.Tokens, f.Scores, f.Kinds = append(f.Tokens, text), append(f.Scores, score), append(f.Kinds, kind)
	return err
}

func (f *spmFile) trainer(field protoField) error {
	switch field.number {
	case trainerModel:
		f.model = field.value
	case trainerSuffix:
		f.suffix = field.value != 0
	case trainerUnknown:
		f.UNK = int(int32(field.value))
	case trainerBOS:
		f.BOS = int(int32(field.value))
	case trainerEOS:
		f.EOS = int(int32(field.value))
	case trainerPadding:
		f.PAD = int(int32(field.value))
	}
	return nil
}

func (f *spmFile) normal(field protoField) error {
	switch field.number {
	case normalizerName:
		f.normalizer = string(field.bytes)
	case normalizerMap:
		f.CharsMap = slices.Clone(field.bytes)
	case normalizerPrefix:
		f.prefix = field.value != 0
	case normalizerSqueeze:
		f.squeeze = field.value != 0
	case normalizerEscape:
		f.escape = field.value != 0
	}
	return nil
}

// vocab checks that the model is one of those that are known.
func (f *spmFile) vocab() (Vocab, error) {
	v := f.Vocab
	v.AddSpacePrefix, v.RemoveExtraSpaces = &f.prefix, &f.squeeze
	switch f.model {
	case spmUnigram:
		v.Model = "t5"
	case spmBPE:
		v.Model = "llama"
		if len(v.CharsMap) > 0 || f.squeeze {
			return v, fmt.Errorf("the normalizer %.32q (spaces squeezed: %v) is not supported for BPE", f.normalizer, f.squeeze)
		}
	default:
		return v, fmt.Errorf("model type %d is not supported: need Unigram or BPE", f.model)
	}
	switch {
	case len(v.Tokens) == 0:
		return v, errors.New("has no pieces: this is no SentencePiece model")
	case f.suffix:
		return v, errors.New("white space as suffix is not supported")
	case !f.escape:
		return v, errors.New("spaces that are not escaped are not supported")
	}
	for _, id := range []*int{&v.UNK, &v.BOS, &v.EOS, &v.PAD} {
		if *id < 0 || *id >= len(v.Tokens) {
			*id = -1 // there is no such token
		}
	}
	return v, nil
}

// protoField is a field of a protocol buffer.
type protoField struct {
	number uint64
	value  uint64 // of a number
	bytes  []byte // of a string or a message
}

// The wire types of fields.
const (
	wireVarint = 0
	wire64     = 1
	wireBytes  = 2
	wire32     = 5
)

// eachField calls f with the fields of a message.
func eachField(b []byte, f func(protoField) error) error {
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return errors.New("a field has no number: this is no SentencePiece model")
		}
		b = b[n:]
		field := protoField{number: tag >> 3}
		switch tag & 7 {
		case wireVarint:
			field.value, n = binary.Uvarint(b)
		case wire64:
			if n = 8; len(b) >= n {
				field.value = binary.LittleEndian.Uint64(b)
			}
		case wire32:
			if n = 4; len(b) >= n {
				field.value = uint64(binary.LittleEndian.Uint32(b))
			}
		case wireBytes:
			var size uint64
			if size, n = binary.Uvarint(b); n > 0 && size <= uint64(len(b)-n) {
				field.bytes = b[n : n+int(size)]
				n += int(size)
			} else {
				n = 0
			}
		default:
			n = 0
		}
		if n <= 0 || n > len(b) {
			return fmt.Errorf("field %d does not fit into the %d bytes left: this is no SentencePiece model, or it was cut short", field.number, len(b))
		}
		b = b[n:]
		if err := f(field); err != nil {
			return err
		}
	}
	return nil
}
