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
	"rig.dashecorp.com/kubelet/service"
)

func main() {
	klog.SetSlogLogger(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	log.L = klogv2.New(nil)
	args, manager := os.Args[1:], ""
	if len(args) > 1 && args[0] == "print-unit" {
		args, manager = args[2:], args[1]
	}
	c, err := config.Parse(args, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if manager != "" {
		exit(printUnit(manager, c))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if os.Getenv("RIG_WATCH_STDIN") == "1" {
		go stopWithParent(stop)
	}
	exit(agent.Run(ctx, c))
}

// printUnit writes the file by which the system keeps this very kubelet running.
func printUnit(manager string, c *config.Config) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return service.Print(os.Stdout, manager, service.Description{Program: self, Args: c.Args, DataDir: c.DataDir})
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
