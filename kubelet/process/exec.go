package process

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
)

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint16 }

// ExecSpec is a command to run inside a running container.
type ExecSpec struct {
	Argv []string
	// Env is added to the container's own.
	Env []string
	// TTY: the command gets a terminal; everything it writes arrives on Stdout.
	TTY bool
	// Resize may be nil.
	Resize <-chan Size
	// Stdin may be nil: the command then reads nothing. A reader that blocks is left behind when the command ends.
	Stdin io.Reader
	// Stdout and Stderr may be nil.
	Stdout, Stderr io.Writer
}

// ErrNotRunning says that the container is over, or that its init does not answer.
var ErrNotRunning = errors.New("the container is not running")

// Exec runs a command inside the container and returns its exit code (128 plus the number of a signal). An error means
// that the command could not be started, or that nobody saw its end. The command is killed when ctx ends.
func (c *Container) Exec(ctx context.Context, spec ExecSpec) (int, error) {
	asked := request{Op: opExec, Argv: spec.Argv, Env: spec.Env, TTY: spec.TTY, Stdin: spec.Stdin != nil}
	return c.interact(ctx, asked, Streams{Stdin: spec.Stdin, Stdout: spec.Stdout, Stderr: spec.Stderr, Resize: spec.Resize})
}

func resize(out *framer, sizes <-chan Size, ended <-chan struct{}) {
	for {
		select {
		case size, open := <-sizes:
			if !open {
				return
			}
			payload := binary.BigEndian.AppendUint16(nil, size.Width)
			_ = out.send(frameResize, binary.BigEndian.AppendUint16(payload, size.Height))
		case <-ended:
			return
		}
	}
}

// receive passes output on until the result comes. Output nobody takes is dropped: the command goes on.
func receive(conn io.Reader, stdout, stderr io.Writer) (result, error) {
	for {
		kind, payload, err := readFrame(conn)
		if err != nil {
			return result{}, fmt.Errorf("%w any more: %w", ErrNotRunning, err)
		}
		switch kind {
		case frameStdout:
			if stdout != nil {
				_, _ = stdout.Write(payload)
			}
		case frameStderr:
			if stderr != nil {
				_, _ = stderr.Write(payload)
			}
		case frameResult:
			return decodeResult(payload)
		}
	}
}

func decodeResult(payload []byte) (result, error) {
	var end result
	if err := json.Unmarshal(payload, &end); err != nil {
		return end, err
	}
	if end.Error != "" {
		return end, errors.New(end.Error)
	}
	return end, nil
}

// Dial connects to a TCP port of the container's own loopback. The connection has CloseWrite.
func (c *Container) Dial(ctx context.Context, port int) (net.Conn, error) {
	conn, err := c.connect()
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err = (&framer{out: conn}).sendJSON(frameRequest, request{Op: opDial, Port: port})
	var payload []byte
	if err == nil {
		_, payload, err = readFrame(conn)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotRunning, err)
	} else {
		_, err = decodeResult(payload)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c *Container) connect() (*net.UnixConn, error) {
	conn, err := dialSocket(c.dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRunning, err)
	}
	return conn, nil
}
