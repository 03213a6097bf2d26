package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rig.dashecorp.com/kubelet/logs"
)

// LogSource writes the log of a container.
type LogSource interface {
	WriteLogs(ctx context.Context, out io.Writer, namespace, pod, container string, previous bool, options logs.Options) error
}

func serveLogs(w http.ResponseWriter, r *http.Request, source LogSource, now func() time.Time) {
	options, previous, err := parse(r.URL.Query(), now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := &flusher{w: w}
	err = source.WriteLogs(r.Context(), out, r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container"), previous, options)
	switch {
	case err == nil || out.begun:
		// Once text has left, an error can only end it.
	default:
		refuse(w, err)
	}
}

// parse reads the query of a PodLogOptions.
func parse(query url.Values, now time.Time) (options logs.Options, previous bool, err error) {
	flag := func(name string) bool {
		value := false
		if text := query.Get(name); text != "" && err == nil {
			if value, err = strconv.ParseBool(text); err != nil {
				err = fmt.Errorf("%s must be true or false, not %q", name, text)
			}
		}
		return value
	}
	number := func(name string, least int64) *int64 {
		text := query.Get(name)
		if text == "" || err != nil {
			return nil
		}
		value, parseErr := strconv.ParseInt(text, 10, 64)
		if parseErr != nil || value < least {
			err = fmt.Errorf("%s must be a whole number of at least %d, not %q", name, least, text)
			return nil
		}
		return &value
	}
	options.Follow, options.Timestamps, previous = flag("follow"), flag("timestamps"), flag("previous")
	options.Tail, options.LimitBytes = number("tailLines", 0), number("limitBytes", 1)
	if seconds := number("sinceSeconds", 1); seconds != nil {
		options.Since = now.Add(-time.Duration(*seconds) * time.Second)
	}
	switch stream := query.Get("stream"); stream {
	case "", "All":
	case "Stdout", "Stderr":
		options.Stream = strings.ToLower(stream)
	default:
		err = fmt.Errorf("stream must be All, Stdout or Stderr, not %q", stream)
	}
	if text := query.Get("sinceTime"); text != "" && err == nil {
		if options.Since, err = time.Parse(time.RFC3339, text); err != nil {
			err = fmt.Errorf("sinceTime must be a time such as 2006-01-02T15:04:05Z, not %q", text)
		}
	}
	return options, previous, err
}

// flusher sends every line at once: a reader that follows waits for it.
type flusher struct {
	w     http.ResponseWriter
	begun bool
}

func (f *flusher) Write(data []byte) (int, error) {
	f.begun = true
	n, err := f.w.Write(data)
	if flush, ok := f.w.(http.Flusher); ok {
		flush.Flush()
	}
	return n, err
}
