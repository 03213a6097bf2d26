package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gorilla/mux"
	"github.com/virtual-kubelet/virtual-kubelet/node/api"
)

func servePortForward(backend Backend) http.HandlerFunc {
	forward := func(ctx context.Context, namespace, pod string, port int32, stream io.ReadWriteCloser) error {
		defer stream.Close()
		conn, err := dial(ctx, backend, namespace, pod, int(port))
		if err != nil {
			return err
		}
		defer conn.Close()
		return join(conn, stream)
	}
	upgraded := api.HandlePortForward(forward,
		api.WithPortForwardStreamIdleTimeout(streamIdle), api.WithPortForwardCreationTimeout(streamCreation))
	return func(w http.ResponseWriter, r *http.Request) {
		namespace, pod := r.PathValue("namespace"), r.PathValue("pod")
		if _, err := backend.RunningIn(namespace, pod); err != nil {
			refuse(w, err)
			return
		}
		upgraded(w, mux.SetURLVars(r, map[string]string{"namespace": namespace, "pod": pod}))
	}
}

// dial finds the port in the pod: containers that have a network of their own are asked one after the other.
func dial(ctx context.Context, backend Backend, namespace, pod string, port int) (net.Conn, error) {
	containers, err := backend.RunningIn(namespace, pod)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, c := range containers {
		conn, err := c.Dial(ctx, port)
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("nothing in pod %s/%s answers on port %d: %w", namespace, pod, port, errors.Join(errs...))
}

// join copies both ways until the container has said all it will: the caller may have ended its side long before.
func join(conn net.Conn, stream io.ReadWriter) error {
	go func() {
		_, err := io.Copy(conn, stream)
		if half, ok := conn.(interface{ CloseWrite() error }); ok && err == nil {
			_ = half.CloseWrite()
			return
		}
		_ = conn.Close()
	}()
	_, err := io.Copy(stream, conn)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
