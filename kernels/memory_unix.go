//go:build unix

package kernels

import "golang.org/x/sys/unix"

func alloc(n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b, err := unix.Mmap(-1, 0, align(n), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	if n >= hugePage {
		adviseHuge(b)
	}
	return b[:n], nil
}

func free(b []byte) {
	if cap(b) > 0 {
		_ = unix.Munmap(b[:cap(b)]) // fails only for memory that alloc did not return
	}
}
