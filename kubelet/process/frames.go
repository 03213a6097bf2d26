package process

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// What a container's init is asked for, as one frame; what follows depends on Op.
type request struct {
	// Op is opExec, opAttach or opDial.
	Op   string   `json:"op"`
	Argv []string `json:"argv,omitempty"`
	Env  []string `json:"env,omitempty"`
	TTY  bool     `json:"tty,omitempty"`
	// Stdin: frames of standard input follow. Without it the process reads an empty one.
	Stdin bool `json:"stdin,omitempty"`
	Port  int  `json:"port,omitempty"`
}

// result ends an exec and an attach, and answers a dial before its bytes.
type result struct {
	Code  int    `json:"code"`
	Error string `json:"error,omitempty"`
}

const (
	opExec   = "exec"
	opAttach = "attach"
	opDial   = "dial"
)

// The kinds of a frame: a byte, then four bytes of length, then that many bytes.
const (
	frameRequest  = 'q'
	frameStdin    = 'i'
	frameStdinEnd = 'e'
	frameResize   = 's'
	frameStdout   = 'o'
	frameStderr   = 'x'
	frameResult   = 'r'
)

const maxFrameBytes = 1 << 20

// framer writes frames whole, also when several goroutines write.
type framer struct {
	mu  sync.Mutex
	out io.Writer
}

func (f *framer) send(kind byte, payload []byte) error {
	frame := make([]byte, 5, 5+len(payload))
	frame[0] = kind
	binary.BigEndian.PutUint32(frame[1:], uint32(len(payload)))
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.out.Write(append(frame, payload...))
	return err
}

func (f *framer) sendJSON(kind byte, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return f.send(kind, data)
}

// stream is a writer whose bytes become frames of one kind.
func (f *framer) stream(kind byte) io.Writer { return frameStream{f, kind} }

type frameStream struct {
	framer *framer
	kind   byte
}

func (s frameStream) Write(data []byte) (int, error) {
	written := 0
	for len(data) > 0 {
		part := data[:min(len(data), maxFrameBytes)]
		if err := s.framer.send(s.kind, part); err != nil {
			return written, err
		}
		written += len(part)
		data = data[len(part):]
	}
	return written, nil
}

func readFrame(in io.Reader) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	if size > maxFrameBytes {
		return 0, nil, fmt.Errorf("a frame of %d bytes is longer than the %d allowed", size, maxFrameBytes)
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(in, payload)
	return head[0], payload, err
}
