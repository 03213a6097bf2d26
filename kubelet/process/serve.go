package process

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// A connection to a port of the container is given up after this long.
const dialWithin = 10 * time.Second

// answer serves one request: a command, the container's own streams, or a connection to a port.
func (i *initProcess) answer(conn *net.UnixConn) {
	defer conn.Close()
	kind, payload, err := readFrame(conn)
	var asked request
	if err != nil || kind != frameRequest || json.Unmarshal(payload, &asked) != nil {
		return
	}
	out := &framer{out: conn}
	switch asked.Op {
	case opExec:
		code, err := i.exec(asked, conn, out)
		_ = out.sendJSON(frameResult, resultOf(code, err))
	case opAttach:
		i.console.attach(asked, conn, out)
	case opDial:
		i.dial(asked.Port, conn, out)
	}
}

func resultOf(code int, err error) result {
	if err != nil {
		return result{Error: err.Error()}
	}
	return result{Code: code}
}

// dial joins the caller with a port of the container's own loopback.
func (i *initProcess) dial(port int, conn *net.UnixConn, out *framer) {
	target, err := net.DialTimeout("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)), dialWithin)
	if sendErr := out.sendJSON(frameResult, resultOf(0, err)); err != nil || sendErr != nil {
		return
	}
	defer target.Close()
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(target, conn)
		_ = target.(*net.TCPConn).CloseWrite()
	})
	_, _ = io.Copy(conn, target)
	_ = conn.CloseWrite()
	copying.Wait()
}

// streams are the container's end and ours of an exec's input and output.
type streams struct {
	child []*os.File
	stdin io.WriteCloser
	// outputs are copied to the caller as the frames of their kind.
	outputs map[byte]*os.File
	// terminal is nil without a TTY.
	terminal *os.File
}

// exec runs a command and returns its exit code. It is killed with its group when the caller goes away.
func (i *initProcess) exec(asked request, conn io.Reader, out *framer) (int, error) {
	s, err := openStreams(asked, i.null)
	if err != nil {
		return 0, err
	}
	defer s.close()
	attr := &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Setsid: true, Setctty: asked.TTY}}
	for _, file := range s.child {
		attr.Files = append(attr.Files, file.Fd())
	}
	var pid int
	var ended <-chan syscall.WaitStatus
	i.onThread(func() {
		pid, ended, err = i.start(asked.Argv, append(append([]string{}, i.spec.Env...), asked.Env...), attr)
	})
	if err != nil {
		return 0, err
	}
	s.closeChild()
	drained := s.copyOut(out)
	gone := make(chan struct{})
	go func() {
		s.follow(conn)
		close(gone)
	}()
	var end syscall.WaitStatus
	select {
	case end = <-ended:
	case <-gone:
		i.onThread(func() { _ = unix.Kill(-pid, unix.SIGKILL) })
		end = <-ended
	}
	select {
	case <-drained:
	case <-time.After(drainWithin):
	}
	return codeOf(end), nil
}

func openStreams(asked request, null *os.File) (*streams, error) {
	if asked.TTY {
		terminal, tty, err := pty.Open()
		if err != nil {
			return nil, err
		}
		return &streams{
			child: []*os.File{tty, tty, tty}, stdin: terminal, terminal: terminal,
			outputs: map[byte]*os.File{frameStdout: terminal},
		}, nil
	}
	s := &streams{child: []*os.File{null}, outputs: map[byte]*os.File{}}
	if asked.Stdin {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		s.child[0], s.stdin = read, write
	}
	for _, kind := range []byte{frameStdout, frameStderr} {
		read, write, err := os.Pipe()
		if err != nil {
			s.closeChild()
			s.close()
			return nil, err
		}
		s.child = append(s.child, write)
		s.outputs[kind] = read
	}
	return s, nil
}

// copyOut passes output on; the channel is closed when all of it has been.
func (s *streams) copyOut(out *framer) <-chan struct{} {
	var copying sync.WaitGroup
	for kind, file := range s.outputs {
		copying.Go(func() {
			if _, err := io.Copy(out.stream(kind), file); err != nil {
				// Nobody listens any more, yet the process must not block on its output.
				_, _ = io.Copy(io.Discard, file)
			}
		})
	}
	drained := make(chan struct{})
	go func() {
		copying.Wait()
		close(drained)
	}()
	return drained
}

// follow takes input and sizes until the caller goes away.
func (s *streams) follow(conn io.Reader) {
	for {
		kind, payload, err := readFrame(conn)
		if err != nil {
			return
		}
		switch {
		case kind == frameStdin && s.stdin != nil:
			_, _ = s.stdin.Write(payload)
		case kind == frameStdinEnd && s.terminal != nil:
			// The end-of-file character: a terminal's other direction stays open.
			_, _ = s.terminal.Write([]byte{4})
		case kind == frameStdinEnd && s.stdin != nil:
			_ = s.stdin.Close()
		case kind == frameResize:
			setSize(s.terminal, payload)
		}
	}
}

// setSize sets the size of a terminal, if there is one, to what a frame says.
func setSize(terminal *os.File, payload []byte) {
	if terminal != nil && len(payload) == 4 {
		_ = pty.Setsize(terminal, &pty.Winsize{Cols: binary.BigEndian.Uint16(payload), Rows: binary.BigEndian.Uint16(payload[2:])})
	}
}

// closeChild lets go of the ends that only the process is to hold.
func (s *streams) closeChild() {
	for n, file := range s.child {
		if n == 0 && s.stdin == nil {
			continue
		}
		_ = file.Close()
	}
}

func (s *streams) close() {
	if s.stdin != nil {
		_ = s.stdin.Close()
	}
	for _, file := range s.outputs {
		_ = file.Close()
	}
}
