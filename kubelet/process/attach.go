package process

import (
	"context"
	"fmt"
	"io"
)

// Streams are those of a caller that joins a container. Each may be nil.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Resize         <-chan Size
}

// Attach joins the caller with the command of an interactive container (Spec.Stdin or Spec.TTY): what it writes from
// now on, and its standard input. It returns when the command has ended, with its exit code, or ctx does. An error
// wraps ErrNotRunning when the container is over already.
func (c *Container) Attach(ctx context.Context, s Streams) (int, error) {
	return c.interact(ctx, request{Op: opAttach, Stdin: s.Stdin != nil}, s)
}

// interact asks the init and passes streams on until it gives the result.
func (c *Container) interact(ctx context.Context, asked request, s Streams) (int, error) {
	conn, err := c.connect()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	out := &framer{out: conn}
	if err := out.sendJSON(frameRequest, asked); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	if s.Stdin != nil {
		go func() {
			if _, err := io.Copy(out.stream(frameStdin), s.Stdin); err == nil {
				_ = out.send(frameStdinEnd, nil)
			}
		}()
	}
	ended := make(chan struct{})
	defer close(ended)
	go resize(out, s.Resize, ended)
	end, err := receive(conn, s.Stdout, s.Stderr)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return end.Code, err
}
