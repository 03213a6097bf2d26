// Command rig-kubelet joins this machine to a cluster as a node that runs pods as processes of the host.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/virtual-kubelet/virtual-kubelet/log"
	"github.com/virtual-kubelet/virtual-kubelet/log/klogv2"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/agent"
	"rig.dashecorp.com/kubelet/config"
)

func main() {
	klog.SetSlogLogger(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	log.L = klogv2.New(nil)
	c, err := config.Parse(os.Args[1:], os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if os.Getenv("RIG_WATCH_STDIN") == "1" {
		go stopWithParent(stop)
	}
	exit(agent.Run(ctx, c))
}

// stopWithParent ends the kubelet when the pipe held by the program that started it is closed, even by SIGKILL.
func stopWithParent(stop func()) {
	_, _ = io.Copy(io.Discard, os.Stdin)
	stop()
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "rig-kubelet: "+err.Error())
		os.Exit(1)
	}
	os.Exit(0)
}
