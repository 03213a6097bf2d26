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

// Write copies the log at path, with what was rotated away before it, to out. With Follow it goes on until finished says
// that no more will come, or ctx ends. A log that does not exist is empty.
func Write(ctx context.Context, out io.Writer, path string, options Options, finished func() bool) error {
	p := &printer{out: out, options: options}
	files, err := openAll(path)
	for err == nil && len(files) == 0 && options.Follow && !finished() {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pollEvery):
		}
		files, err = openAll(path)
	}
	if err != nil {
		return err
	}
	if err := p.skipToTail(files); err != nil {
		closeAll(files)
		return err
	}
	return ignoreLimit(p.printAll(ctx, path, files, finished))
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
func (p *printer) skipToTail(files []*os.File) error {
	if p.options.Tail == nil {
		return nil
	}
	var total int64
	for _, file := range files {
		_, err := eachLine(bufio.NewReader(file), nil, func(line []byte) error {
			if e, ok := parse(line); ok && p.options.isWanted(e) && !e.partial {
				total++
			}
			return nil
		})
		if err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	p.skip = max(0, total-*p.options.Tail)
	return nil
}

// printAll prints the files in their order and closes them; with Follow it stays with the last and what comes after it.
func (p *printer) printAll(ctx context.Context, path string, files []*os.File, finished func() bool) error {
	for len(files) > 0 {
		file := files[0]
		files = files[1:]
		next, err := p.printFile(ctx, path, file, p.options.Follow && len(files) == 0, finished)
		file.Close()
		if err != nil {
			closeAll(files)
			return err
		}
		files = append(files, next...)
	}
	return nil
}

// printFile prints one file. When it is to stay, it returns once no more will come, or with the files that came after.
func (p *printer) printFile(ctx context.Context, path string, file *os.File, stay bool, finished func() bool) ([]*os.File, error) {
	reader := bufio.NewReader(file)
	var begun []byte
	for {
		// Both asked before reading: what was written before is then read for certain.
		last := !stay || finished()
		var next []*os.File
		if stay {
			next = after(file, path)
		}
		var err error
		if begun, err = eachLine(reader, begun, p.print); err != nil {
			closeAll(next)
			return nil, err
		}
		if last || len(next) > 0 {
			return next, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// after opens what came after a file that is being followed; nothing while it is the current one.
func after(file *os.File, path string) []*os.File {
	have, err := file.Stat()
	if err != nil {
		return nil
	}
	if now, err := os.Stat(path); err != nil || os.SameFile(now, have) {
		return nil
	}
	files, err := openSince(path, have)
	if err != nil {
		return nil
	}
	return files
}

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
