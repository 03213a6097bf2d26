package logs

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

const pollEvery = 200 * time.Millisecond

// errLimit ends the output at LimitBytes; the reader sees a plain end.
var errLimit = errors.New("byte limit reached")

// Write copies the log at path, and what was rotated away to path+rotated before it, to out. With Follow it goes
// on until finished says that no more will come, or ctx ends.
func Write(ctx context.Context, out io.Writer, path, rotated string, options Options, finished func() bool) error {
	p := &printer{out: out, options: options}
	if err := p.skipToTail(path, rotated); err != nil {
		return err
	}
	if err := p.printFile(path + rotated); err != nil && !os.IsNotExist(err) {
		return ignoreLimit(err)
	}
	if !options.Follow {
		return ignoreLimit(p.printFile(path))
	}
	return ignoreLimit(p.follow(ctx, path, finished))
}

func ignoreLimit(err error) error {
	if errors.Is(err, errLimit) || errors.Is(err, context.Canceled) || os.IsNotExist(err) {
		return nil
	}
	return err
}

type printer struct {
	out       io.Writer
	options   Options
	skip      int64
	written   int64
	continues bool
}

// skipToTail counts lines first: logs are small (they rotate), and a second pass needs no memory.
func (p *printer) skipToTail(path, rotated string) error {
	if p.options.Tail == nil {
		return nil
	}
	var total int64
	for _, file := range []string{path + rotated, path} {
		err := eachLine(file, func(line []byte) error {
			if e, ok := parse(line); ok && p.options.isWanted(e) && !e.partial {
				total++
			}
			return nil
		})
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	p.skip = max(0, total-*p.options.Tail)
	return nil
}

func (p *printer) printFile(file string) error { return eachLine(file, p.print) }

func (p *printer) print(line []byte) error {
	e, ok := parse(line)
	if !ok || !p.options.isWanted(e) {
		return nil
	}
	if p.skip > 0 {
		if !e.partial {
			p.skip--
		}
		return nil
	}
	text := e.render(p.options, p.continues)
	p.continues = e.partial
	if limit := p.options.LimitBytes; limit != nil && p.written+int64(len(text)) >= *limit {
		_, err := p.out.Write(text[:*limit-p.written])
		return errors.Join(errLimit, err)
	}
	n, err := p.out.Write(text)
	p.written += int64(n)
	return err
}

func (p *printer) follow(ctx context.Context, path string, finished func() bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { file.Close() }()
	reader := bufio.NewReader(file)
	var line []byte
	for {
		// Asked before reading: what was written before the end is then read for certain.
		last := finished()
		if line, err = p.drain(reader, line); err != nil {
			return err
		}
		if next := replaced(file, path); next != nil {
			if line, err = p.drain(reader, line); err != nil {
				return err
			}
			file.Close()
			file, reader = next, bufio.NewReader(next)
			continue
		}
		if last {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// drain prints whole lines up to the end and returns the beginning of one that is still being written.
func (p *printer) drain(reader *bufio.Reader, begun []byte) ([]byte, error) {
	for {
		part, err := reader.ReadBytes('\n')
		begun = append(begun, part...)
		if errors.Is(err, io.EOF) {
			return begun, nil
		}
		if err != nil {
			return nil, err
		}
		if err := p.print(begun); err != nil {
			return nil, err
		}
		begun = nil
	}
}

// replaced opens path when it is no longer the open file, because the log was rotated.
func replaced(open *os.File, path string) *os.File {
	now, err := os.Stat(path)
	if err != nil {
		return nil
	}
	have, err := open.Stat()
	if err != nil || os.SameFile(now, have) {
		return nil
	}
	next, err := os.Open(path)
	if err != nil {
		return nil
	}
	return next
}

func eachLine(path string, visit func([]byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	reader := bufio.NewReader(file)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 && err == nil {
			if err := visit(line); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
