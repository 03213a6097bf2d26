// Package logs reads container logs in the CRI's format with the options of `kubectl logs`.
package logs

import (
	"bytes"
	"strings"
	"time"
)

// Options are those of the kubelet's log endpoint. The zero value is the whole log as it is now.
type Options struct {
	// Tail is the number of last lines wanted; nil means all.
	Tail       *int64
	Since      time.Time
	Timestamps bool
	Follow     bool
	// Stream is stdout or stderr, to leave the other out; empty means both.
	Stream string
	// LimitBytes ends the output; nil means no limit.
	LimitBytes *int64
}

type entry struct {
	stamp string
	at    time.Time
	// stream is stdout or stderr.
	stream string
	// partial says that the line goes on in the next entry.
	partial bool
	text    []byte
}

// parse reads one line, with its line feed: time, stream, F or P, text.
func parse(line []byte) (entry, bool) {
	fields := bytes.SplitN(bytes.TrimSuffix(line, []byte("\n")), []byte(" "), 4)
	if len(fields) != 4 {
		return entry{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, string(fields[0]))
	if err != nil {
		return entry{}, false
	}
	return entry{stamp: string(fields[0]), at: at, stream: string(fields[1]), partial: string(fields[2]) == "P", text: fields[3]}, true
}

// isWanted says whether the options let the entry through.
func (o Options) isWanted(e entry) bool {
	return !e.at.Before(o.Since) && (o.Stream == "" || o.Stream == e.stream)
}

// render is what the reader sees of an entry; continues says that the one before it was partial.
func (e entry) render(options Options, continues bool) []byte {
	var out strings.Builder
	if options.Timestamps && !continues {
		out.WriteString(e.stamp + " ")
	}
	out.Write(e.text)
	if !e.partial {
		out.WriteByte('\n')
	}
	return []byte(out.String())
}
