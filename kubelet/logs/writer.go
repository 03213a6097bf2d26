package logs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

// Rotation bounds the log of one attempt of a container. The zero value is DefaultRotation.
type Rotation struct {
	// MaxBytes is the size at which a file is set aside and a new one begins.
	MaxBytes int64 `json:"maxBytes,omitempty"`
	// MaxFiles counts the current file too; the oldest goes.
	MaxFiles int `json:"maxFiles,omitempty"`
}

// DefaultRotation is that of the kubelet: five files of 10 MiB.
var DefaultRotation = Rotation{MaxBytes: 10 << 20, MaxFiles: 5}

func (r Rotation) orDefault() Rotation {
	if r.MaxBytes <= 0 {
		r.MaxBytes = DefaultRotation.MaxBytes
	}
	if r.MaxFiles <= 0 {
		r.MaxFiles = DefaultRotation.MaxFiles
	}
	return r
}

// maxLineBytes: a longer line is written in parts, marked P, as container runtimes do.
const maxLineBytes = 16 << 10

// Rotated is the path of the n-th file that was set aside, 1 being the newest; 0 is the log itself.
func Rotated(path string, n int) string {
	if n == 0 {
		return path
	}
	return path + "." + strconv.Itoa(n)
}

// Writer writes lines of two streams into one file in the CRI's format: time, stream, F or P, text.
// https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
type Writer struct {
	rotation Rotation
	mu       sync.Mutex
	path     string
	file     *os.File
	bytes    int64
}

// Open goes on with the log at path, or begins it.
func Open(path string, rotation Rotation) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Writer{rotation: rotation.orDefault(), path: path, file: file, bytes: info.Size()}, nil
}

// Copy writes what from yields as lines of stream, until it ends. It may run for several streams at once.
func (w *Writer) Copy(stream string, from io.Reader) {
	reader := bufio.NewReaderSize(from, maxLineBytes)
	for {
		line, err := reader.ReadSlice('\n')
		if len(line) > 0 {
			tag := "F"
			if errors.Is(err, bufio.ErrBufferFull) {
				tag = "P"
			}
			w.write(stream, tag, bytes.TrimSuffix(line, []byte("\n")))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (w *Writer) write(stream, tag string, text []byte) {
	var line bytes.Buffer
	line.WriteString(time.Now().UTC().Format(time.RFC3339Nano))
	line.WriteString(" " + stream + " " + tag + " ")
	line.Write(text)
	line.WriteByte('\n')
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes > 0 && w.bytes+int64(line.Len()) > w.rotation.MaxBytes {
		w.rotate()
	}
	// A full disk loses log lines; it must not block the container.
	n, _ := w.file.Write(line.Bytes())
	w.bytes += int64(n)
}

// rotate moves every file one place on. Should that fail, the log grows on: it is not lost.
func (w *Writer) rotate() {
	for n := w.rotation.MaxFiles - 1; n > 0; n-- {
		if err := os.Rename(Rotated(w.path, n-1), Rotated(w.path, n)); err != nil && !os.IsNotExist(err) {
			return
		}
	}
	if w.rotation.MaxFiles == 1 {
		_ = os.Remove(w.path)
	}
	file, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	w.file.Close()
	w.file, w.bytes = file, 0
}

// Close ends the log.
func (w *Writer) Close() { _ = w.file.Close() }
