package process

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

const (
	// A longer line is written in parts, marked P, as container runtimes do.
	maxLineBytes = 16 << 10
	// A log that grew to this size becomes `log.1` and a new one begins.
	maxLogBytes = 20 << 20
)

// RotatedSuffix is added to the path of the log that came before the current one.
const RotatedSuffix = ".1"

// logWriter writes lines of two streams into one file in the CRI's format: time, stream, F or P, text.
// https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
type logWriter struct {
	mu    sync.Mutex
	path  string
	file  *os.File
	bytes int64
}

func openLog(path string) (*logWriter, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return &logWriter{path: path, file: file, bytes: info.Size()}, nil
}

func (w *logWriter) copy(stream string, from io.Reader) {
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

func (w *logWriter) write(stream, tag string, text []byte) {
	var line bytes.Buffer
	line.WriteString(time.Now().UTC().Format(time.RFC3339Nano))
	line.WriteString(" " + stream + " " + tag + " ")
	line.Write(text)
	line.WriteByte('\n')
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bytes+int64(line.Len()) > maxLogBytes {
		w.rotate()
	}
	// A full disk loses log lines; it must not block the container.
	n, _ := w.file.Write(line.Bytes())
	w.bytes += int64(n)
}

func (w *logWriter) rotate() {
	if err := os.Rename(w.path, w.path+RotatedSuffix); err != nil {
		return
	}
	file, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	w.file.Close()
	w.file, w.bytes = file, 0
}

func (w *logWriter) close() { _ = w.file.Close() }
