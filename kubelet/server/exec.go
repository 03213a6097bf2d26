package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/mux"
	"github.com/virtual-kubelet/virtual-kubelet/node/api"
	utilexec "k8s.io/utils/exec"

	"rig.dashecorp.com/kubelet/process"
)

var streamTimeouts = []api.ContainerExecHandlerOption{
	api.WithExecStreamIdleTimeout(streamIdle), api.WithExecStreamCreationTimeout(streamCreation),
}

func serveExec(backend Backend) http.HandlerFunc {
	run := func(ctx context.Context, namespace, pod, container string, argv []string, attach api.AttachIO) error {
		c, err := backend.Running(namespace, pod, container)
		if err != nil {
			return err
		}
		streams, end := streamsOf(ctx, attach)
		defer end()
		code, err := c.Exec(streams.ctx, process.ExecSpec{
			Argv: argv, TTY: attach.TTY(), Resize: streams.Resize, Stdin: streams.Stdin, Stdout: streams.Stdout, Stderr: streams.Stderr,
		})
		return exitOf(code, err)
	}
	upgraded := api.HandleContainerExec(run, streamTimeouts...)
	return func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Query()["command"]) == 0 {
			http.Error(w, "A command to execute must be named.", http.StatusBadRequest)
			return
		}
		whenRunning(backend, upgraded)(w, r)
	}
}

func serveAttach(backend Backend) http.HandlerFunc {
	run := func(ctx context.Context, namespace, pod, container string, attach api.AttachIO) error {
		streams, end := streamsOf(ctx, attach)
		defer end()
		code, err := backend.Attach(streams.ctx, namespace, pod, container, streams.Streams)
		return exitOf(code, err)
	}
	return whenRunning(backend, api.HandleContainerAttach(run, streamTimeouts...))
}

// whenRunning answers before the connection is upgraded: a person reads the body of that answer.
func whenRunning(backend Backend, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		namespace, pod, container := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
		if _, err := backend.Running(namespace, pod, container); err != nil {
			refuse(w, err)
			return
		}
		next(w, mux.SetURLVars(r, map[string]string{"namespace": namespace, "pod": pod, "container": container}))
	}
}

// exitOf makes an exit code the error by which remotecommand passes it on.
func exitOf(code int, err error) error {
	if err == nil && code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("exit code %d", code), Code: code}
	}
	return err
}

// session is a caller's streams, and a context that ends when the caller is gone.
type session struct {
	process.Streams
	ctx context.Context
}

// streamsOf translates the streams of a caller. end must be called after the last write.
func streamsOf(ctx context.Context, attach api.AttachIO) (s session, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	s.ctx = ctx
	s.Stdin = attach.Stdin()
	var closers []io.Closer
	watched := func(to io.WriteCloser) io.Writer {
		if to == nil {
			return nil
		}
		closers = append(closers, to)
		return &output{to: to, gone: cancel}
	}
	s.Stdout, s.Stderr = watched(attach.Stdout()), watched(attach.Stderr())
	if attach.TTY() {
		s.Resize = sizes(ctx, attach.Resize())
	}
	return s, func() {
		// In order: what was written has to arrive before the result, which the caller takes for the end.
		for _, c := range closers {
			_ = c.Close()
		}
		cancel()
	}
}

// output tells by a failed write that nobody reads any more: over a WebSocket nothing else does.
type output struct {
	to   io.Writer
	gone func()
}

func (o *output) Write(data []byte) (int, error) {
	n, err := o.to.Write(data)
	if err != nil {
		o.gone()
	}
	return n, err
}

func sizes(ctx context.Context, from <-chan api.TermSize) <-chan process.Size {
	to := make(chan process.Size)
	go func() {
		defer close(to)
		for {
			select {
			case size := <-from:
				// Sent before the terminal of the caller is known.
				if size.Width == 0 && size.Height == 0 {
					continue
				}
				select {
				case to <- process.Size{Width: size.Width, Height: size.Height}:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return to
}

// isStreaming says whether a request of a path acts inside a container.
func isStreaming(path string) bool {
	for _, prefix := range []string{"/exec/", "/attach/", "/portForward/", "/run/", "/cri/"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
