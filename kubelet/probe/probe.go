// Package probe asks a container whether it is well: by a command, an HTTP request, a TCP connection or a gRPC health
// check, all of them inside the container.
package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/process"
)

// Target is a running container.
type Target interface {
	Exec(ctx context.Context, spec process.ExecSpec) (int, error)
	Dial(ctx context.Context, port int) (net.Conn, error)
}

// Check runs a handler once within timeout. A nil error is a success; else it says in a sentence what went wrong. ports
// are those of the container, for ports given by name.
func Check(ctx context.Context, target Target, handler *v1.ProbeHandler, ports []v1.ContainerPort, timeout time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
	defer cancel()
	err := check(ctx, target, handler, ports)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func check(ctx context.Context, target Target, handler *v1.ProbeHandler, ports []v1.ContainerPort) error {
	switch {
	case handler.Exec != nil:
		return command(ctx, target, handler.Exec.Command)
	case handler.HTTPGet != nil:
		return get(ctx, target, handler.HTTPGet, ports)
	case handler.TCPSocket != nil:
		return connect(ctx, target, handler.TCPSocket, ports)
	case handler.GRPC != nil:
		return health(ctx, target, handler.GRPC)
	}
	return errors.New("the probe is of a sort this node does not know")
}

// Run calls a lifecycle hook's handler; ctx bounds it. As with the kubelet, an HTTP hook succeeds whatever the answer says.
func Run(ctx context.Context, target Target, handler *v1.LifecycleHandler, ports []v1.ContainerPort) error {
	switch {
	case handler.Exec != nil:
		return command(ctx, target, handler.Exec.Command)
	case handler.HTTPGet != nil:
		_, _, err := request(ctx, target, handler.HTTPGet, ports)
		return err
	case handler.Sleep != nil:
		select {
		case <-time.After(time.Duration(handler.Sleep.Seconds) * time.Second):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	case handler.TCPSocket != nil:
		return errors.New("a tcpSocket cannot be a lifecycle hook")
	}
	return errors.New("the lifecycle hook is of a sort this node does not know")
}

// maxOutput is how much of an answer is kept for the event that reports a failure.
const maxOutput = 10 << 10

// clipped keeps the beginning of what is written to it.
type clipped struct{ bytes.Buffer }

func (c *clipped) Write(data []byte) (int, error) {
	c.Buffer.Write(data[:min(len(data), maxOutput-c.Len())])
	return len(data), nil
}

func command(ctx context.Context, target Target, argv []string) error {
	var output clipped
	code, err := target.Exec(ctx, process.ExecSpec{Argv: argv, Stdout: &output, Stderr: &output})
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("the command ended with %d: %s", code, strings.TrimSpace(output.String()))
	}
	return nil
}

func connect(ctx context.Context, target Target, action *v1.TCPSocketAction, ports []v1.ContainerPort) error {
	if err := onlyItself(action.Host); err != nil {
		return err
	}
	port, err := number(action.Port, ports)
	if err != nil {
		return err
	}
	conn, err := target.Dial(ctx, port)
	if err != nil {
		return err
	}
	return conn.Close()
}
