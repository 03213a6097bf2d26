package process

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A caller that does not take what the container writes within this time is let go: it must not hold the container up.
const takeWithin = 10 * time.Second

// console is the input and output of a container's command. Where the pod asks for input or a terminal they pass
// through the init, so that callers can join; otherwise the command writes straight to the shim.
type console struct {
	child []*os.File
	// interactive: the command's input and output are ours.
	interactive bool
	null        *os.File
	// stdin is nil when the pod asked for none.
	stdin    io.WriteCloser
	terminal *os.File
	// once: the input ends with that of the first caller.
	once    bool
	drained <-chan struct{}

	mu      sync.Mutex
	callers map[*framer]net.Conn
}

func openConsole(spec Spec, null *os.File) (*console, error) {
	c := &console{null: null, once: spec.StdinOnce, callers: map[*framer]net.Conn{}}
	if !spec.Stdin && !spec.TTY {
		c.child = []*os.File{null, os.Stdout, os.Stderr}
		return c, nil
	}
	s, err := openStreams(request{TTY: spec.TTY, Stdin: spec.Stdin}, null)
	if err != nil {
		return nil, err
	}
	c.child, c.interactive, c.terminal = s.child, true, s.terminal
	if spec.Stdin {
		c.stdin = s.stdin
	}
	var copying sync.WaitGroup
	for kind, file := range s.outputs {
		log := os.Stdout
		if kind == frameStderr {
			log = os.Stderr
		}
		copying.Go(func() { c.copy(kind, file, log) })
	}
	drained := make(chan struct{})
	c.drained = drained
	go func() {
		copying.Wait()
		close(drained)
	}()
	return c, nil
}

// attributes are those of the command: a terminal belongs to a session of its own.
func (c *console) attributes() *syscall.SysProcAttr {
	a := attributes()
	if c.terminal != nil {
		a.Setpgid, a.Setsid, a.Setctty = false, true, true
	}
	return a
}

// files are the command's first three.
func (c *console) files() (descriptors []uintptr) {
	for _, file := range c.child {
		descriptors = append(descriptors, file.Fd())
	}
	return descriptors
}

// begun lets go of the command's ends, so that its output ends with it.
func (c *console) begun() {
	for _, file := range c.child {
		if c.interactive && file != c.null {
			_ = file.Close()
		}
	}
}

// copy passes one output on to the log and to whoever is attached.
func (c *console) copy(kind byte, from io.Reader, log io.Writer) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			_, _ = log.Write(buffer[:n])
			c.tell(kind, buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

func (c *console) tell(kind byte, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for caller, conn := range c.callers {
		_ = conn.SetWriteDeadline(time.Now().Add(takeWithin))
		if caller.send(kind, payload) != nil {
			_ = conn.Close()
			delete(c.callers, caller)
		}
	}
}

// attach serves a caller until it or the command is gone.
func (c *console) attach(asked request, conn net.Conn, out *framer) {
	if !c.interactive {
		_ = out.sendJSON(frameResult, result{Error: "the container takes no input and has no terminal"})
		return
	}
	c.mu.Lock()
	c.callers[out] = conn
	c.mu.Unlock()
	c.follow(conn, asked.Stdin && c.stdin != nil)
	c.mu.Lock()
	delete(c.callers, out)
	c.mu.Unlock()
}

// follow takes a caller's input and sizes until it goes away.
func (c *console) follow(conn io.Reader, input bool) {
	if input && c.once {
		defer c.endInput()
	}
	for {
		kind, payload, err := readFrame(conn)
		if err != nil {
			return
		}
		switch {
		case kind == frameStdin && input:
			_, _ = c.stdin.Write(payload)
		case kind == frameStdinEnd && input && c.once:
			c.endInput()
		case kind == frameResize:
			setSize(c.terminal, payload)
		}
	}
}

// endInput ends the command's input; a terminal stays open for output, so it gets the end-of-file character.
func (c *console) endInput() {
	if c.terminal != nil {
		_, _ = c.terminal.Write([]byte{4})
		return
	}
	_ = c.stdin.Close()
}

// end tells whoever is attached how the command ended, after all that it wrote.
func (c *console) end(code int) {
	if c.drained != nil {
		select {
		case <-c.drained:
		case <-time.After(drainWithin):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for caller, conn := range c.callers {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		_ = caller.sendJSON(frameResult, result{Code: code})
	}
}
