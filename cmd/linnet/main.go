// Command linnet runs transformer language models on the CPU. Each command is a file; what they do beyond reading flags and printing
// is in package engine, for programs to use.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitError       = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// grace is how long a command may take to end after a signal before it is ended where it stands.
const grace = 150 * time.Millisecond

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var interrupted atomic.Bool
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		interrupted.Store(true)
		cancel()
		time.Sleep(grace)
		os.Exit(exitInterrupted)
	}()
	err := newRoot(&app{in: os.Stdin, out: os.Stdout, err: os.Stderr}).ExecuteContext(ctx)
	if interrupted.Load() {
		os.Exit(exitInterrupted)
	}
	if err != nil {
		// Joined errors stand on lines of their own.
		fmt.Fprintf(os.Stderr, "linnet: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		if _, ok := errors.AsType[usageError](err); ok {
			os.Exit(exitUsage)
		}
		os.Exit(exitError)
	}
}

// app is where a run of the program reads and writes, and the flags that all commands have.
type app struct {
	in  *os.File
	out io.Writer
	err io.Writer

	model                   string
	threads, context, batch int // 0: not given
	level, cache            string
	json, quiet, verbose    bool

	noted bool // which model this is has been said
}

// usageError is an error in what was typed.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "linnet",
		Short: "run language models on the CPU",
		Long: `linnet runs transformer language models on the CPU.

Without --model it uses a built-in one, which is tiny, writes children's stories and answers nothing.
Results go to standard output, everything else to standard error.
Exit status: 0 done, 1 an error, 2 wrong usage, 130 interrupted.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := ""
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = fmt.Sprintf("; did you mean %q?", near[0])
			}
			return usagef("no command %q%s (linnet --help lists all)", args[0], hint)
		},
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w (%s --help lists the flags)", err, cmd.CommandPath())
	})
	a.addFlags(root.PersistentFlags())
	root.AddCommand(
		a.generateCommand(), a.nextCommand(), a.logitsCommand(), a.tokenizeCommand(), a.detokenizeCommand(),
		a.inspectCommand(), a.cpuCommand(), a.versionCommand(), a.synthCommand(), a.benchCommand(),
	)
	return root
}

// atMost refuses more than n arguments.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return usagef("%s: got %d arguments, takes %s (%s --help)", cmd.Name(), len(args), what, cmd.CommandPath())
	}
}
