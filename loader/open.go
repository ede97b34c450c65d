package loader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// opener opens files by name, so that parts of a split model come from where the first one came from.
type opener func(name string) (source, error)

// Open opens a model file, or all files of a split model when path is any of them (model-00001-of-00003.gguf), or a Hugging Face folder
// when path is the folder or its model.safetensors. Files are mapped into memory where the system can, and read piece by piece where it
// cannot. The error names the file; it wraps fs.ErrNotExist and proposes the nearest name for a path that does not exist, and the sentinels
// of gguf and safetensors for a file that is not what it should be.
func Open(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err == nil {
		dir := &folder{open: openPath, join: filepath.Join, list: listDir}
		if m, err := dir.openModel(path, info.IsDir(), filepath.Split); m != nil || err != nil {
			return m, err
		}
	}
	m, openErr := open(openPath, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(path, openErr)
	}
	return m, openErr
}

// OpenFS opens a model file, all files of a split model, or a Hugging Face folder in fsys. A file of the operating system is mapped; one
// that can be read at any place (io.ReaderAt, as those of embed.FS) is read when a tensor is asked for; any other is read into memory.
func OpenFS(fsys fs.FS, name string) (*Model, error) {
	openFile := func(name string) (source, error) {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, nameless(err)
		}
		return openFile(f)
	}
	if info, err := fs.Stat(fsys, name); err == nil {
		dir := &folder{open: openFile, join: path.Join, list: func(name string) ([]string, error) { return listFS(fsys, name) }}
		if m, err := dir.openModel(name, info.IsDir(), path.Split); m != nil || err != nil {
			return m, err
		}
	}
	return open(openFile, name)
}

// OpenBytes opens a model in memory, which must not change while the model is open. Tensors are views of b.
func OpenBytes(b []byte) (*Model, error) {
	return open(func(string) (source, error) { return &memory{data: b}, nil }, inMemory)
}

// inMemory is the name of a model that has none.
const inMemory = "model in memory"

func openPath(path string) (source, error) {
	// A pipe would block in Open until something writes to it.
	info, err := os.Stat(path)
	if err != nil {
		return nil, nameless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("needs a regular file, got %v", info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nameless(err)
	}
	return openFile(f)
}

// openFile makes a source of f, which it closes when the source needs it no longer.
func openFile(f fs.File) (source, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(nameless(err), f.Close())
	}
	size := info.Size()
	if info.IsDir() || size < 0 {
		return nil, errors.Join(errors.New("is a directory, not a file"), f.Close())
	}
	if o, ok := f.(*os.File); ok && size > 0 {
		if data, err := mapFile(o, size); err == nil {
			return &memory{data: data, mapped: true}, f.Close()
		}
		// No mapping of files on this system, or of this file: it is read like any other.
	}
	if r, ok := f.(io.ReaderAt); ok {
		return &readerAt{r: r, n: size, closer: f}, nil
	}
	// A byte more than stated shows a file that grows without end.
	data, err := io.ReadAll(io.LimitReader(f, size+1))
	if err == nil && int64(len(data)) != size {
		err = fmt.Errorf("needs the %d bytes it claims, got another number", size)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return &memory{data: data}, nil
}

// nameless takes the file name off err: open puts it in front of all errors alike.
func nameless(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// open opens the file called name and the other parts of its model.
func open(openFile opener, name string) (*Model, error) {
	m := &Model{name: name}
	p, err := openPart(openFile, name, (*part).parseGGUF)
	if err != nil {
		return nil, err
	}
	m.parts = []*part{p}
	err = m.openParts(openFile)
	if err == nil {
		err = m.indexTensors()
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	m.format = fmt.Sprintf("GGUF v%d", m.parts[0].Version)
	m.meta = metadata{m.parts[0].name, m.parts[0].File}
	return m, nil
}

func (p *part) parseGGUF() (err error) {
	if p.File, err = p.source.parse(); err == nil {
		p.split, err = p.readSplit()
	}
	return err
}

// openPart opens one file of a model and reads its head.
func openPart(openFile opener, name string, parse func(*part) error) (*part, error) {
	src, err := openFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &part{name: name, source: src}
	err = guard([]*part{p}, func() error {
		if err := parse(p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(err, src.close())
	}
	return p, nil
}
