// Package eval measures models through package engine: how fast they run on this machine, and how near that is to what the machine can do.
package eval
