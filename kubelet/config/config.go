// Package config reads the kubelet's command line.
package config

import (
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/machine"
)

// Config is the command line.
type Config struct {
	NodeName            string
	BootstrapKubeconfig string
	DataDir             string
	ImageMap            string
	// Address is where the kubelet listens and what its node and pods are reached by.
	Address string
	Port    int
	// ClientCA is a file of the authorities whose certificates name callers of the port; empty: see identity.CallersCA.
	ClientCA string
	Labels   map[string]string
	MaxPods  int
	// Overcommit is how many times the machine's processors and memory pods may ask for together: agents mostly wait for a model.
	Overcommit int64
	// MaxProcesses is how many processes and threads one container may have; 0 means no limit.
	MaxProcesses int64
	APIQPS       float64
	APIBurst     int
	// Isolation is whether containers are walled off; UIDs are what they run as where the kubelet is root.
	Isolation isolation.Mode
	UIDs      isolation.Range
	// Hide are directories and files that no container may see, even inside the directory of an image.
	Hide []string
	// Logs says when the log of a container is rotated.
	Logs logs.Rotation
	// Args is the command line again, as a service runs it: no default, every path absolute.
	Args []string
	// StopPods: on SIGTERM pods are stopped and reported Failed, instead of running on for the next kubelet to find.
	StopPods      bool
	StopPodsGrace time.Duration
}

const usage = "usage: rig-kubelet [print-unit systemd|launchd] --node-name N --bootstrap-kubeconfig F --data-dir D --image-map FILE [flags]"

// Parse reads args; out gets the usage when they are wrong.
func Parse(args []string, out io.Writer) (*Config, error) {
	c := &Config{}
	var labels, mode, uids, hide string
	flags := flag.NewFlagSet("rig-kubelet", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&c.NodeName, "node-name", "", "name of the node")
	flags.StringVar(&c.BootstrapKubeconfig, "bootstrap-kubeconfig", "", "kubeconfig of a credential that may ask for certificates")
	flags.StringVar(&c.DataDir, "data-dir", "", "directory of certificates and pods")
	flags.StringVar(&c.ImageMap, "image-map", "", "file that says which directory and command stand for an image")
	flags.StringVar(&c.Address, "address", machine.Address, "address to listen at, by which the API server reaches the node")
	flags.IntVar(&c.Port, "port", 0, "port of the kubelet; 0 takes a free one")
	flags.StringVar(&c.ClientCA, "client-ca-file", "", "file of the authorities whose client certificates are taken at the port; else that of the node's own certificate")
	flags.StringVar(&labels, "labels", "", "labels of the node, k=v,k=v")
	flags.IntVar(&c.MaxPods, "max-pods", 110, "pods the node takes")
	flags.Int64Var(&c.Overcommit, "overcommit", 1, "how many times the machine's processors and memory pods may ask for together")
	flags.Int64Var(&c.MaxProcesses, "max-processes", 4096, "processes and threads of one container, where the system can hold it to that; 0 means no limit")
	flags.Int64Var(&c.Logs.MaxBytes, "max-log-bytes", logs.DefaultRotation.MaxBytes, "size at which a container's log is set aside and a new one begins")
	flags.IntVar(&c.Logs.MaxFiles, "max-log-files", logs.DefaultRotation.MaxFiles, "files kept of a container's log, the current one counted")
	flags.Float64Var(&c.APIQPS, "api-qps", 200, "requests a second to the API server")
	flags.IntVar(&c.APIBurst, "api-burst", 400, "requests to the API server in a burst")
	flags.StringVar(&mode, "isolation", string(isolation.Auto), "auto: wall containers off where this machine can; required: do not start where it cannot; none")
	flags.StringVar(&hide, "hide", "", "directories and files, by commas, that no isolated container may see, besides the kubelet's own")
	flags.StringVar(&uids, "uid-range", isolation.DefaultRange.String(), "uids and gids for containers where the kubelet runs as root")
	flags.BoolVar(&c.StopPods, "stop-pods-on-exit", false, "stop pods on SIGTERM instead of leaving them to the next kubelet")
	flags.DurationVar(&c.StopPodsGrace, "stop-pods-grace", 5*time.Second, "longest grace of a pod that is stopped on exit")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if c.NodeName == "" || c.BootstrapKubeconfig == "" || c.DataDir == "" || c.ImageMap == "" || flags.NArg() > 0 {
		return nil, fmt.Errorf("%s", usage)
	}
	var err error
	if c.Labels, err = parseLabels(labels); err != nil {
		return nil, err
	}
	if c.Isolation, err = isolation.ParseMode(mode); err != nil {
		return nil, err
	}
	if c.UIDs, err = isolation.ParseRange(uids); err != nil {
		return nil, fmt.Errorf("--uid-range: %w", err)
	}
	// Containers have other working directories than the kubelet.
	paths := map[string]*string{"data-dir": &c.DataDir, "image-map": &c.ImageMap, "bootstrap-kubeconfig": &c.BootstrapKubeconfig}
	if c.ClientCA != "" {
		paths["client-ca-file"] = &c.ClientCA
	}
	for _, path := range paths {
		if *path, err = filepath.Abs(*path); err != nil {
			return nil, err
		}
	}
	if c.Hide, err = absolute(hide); err != nil {
		return nil, err
	}
	flags.Visit(func(f *flag.Flag) {
		value := f.Value.String()
		if f.Name == "hide" {
			value = strings.Join(c.Hide, ",")
		}
		if path, ok := paths[f.Name]; ok {
			value = *path
		}
		c.Args = append(c.Args, "--"+f.Name+"="+value)
	})
	return c, check(c)
}

func check(c *Config) error {
	if ip := net.ParseIP(c.Address); ip == nil || ip.IsUnspecified() {
		return fmt.Errorf("--address must be one address of this machine, such as %s, not %q", machine.Address, c.Address)
	}
	if c.Overcommit < 1 || c.Overcommit > 1000 {
		return fmt.Errorf("--overcommit must be from 1 to 1000, not %d", c.Overcommit)
	}
	if c.MaxProcesses < 0 {
		return fmt.Errorf("--max-processes must be at least 0, not %d", c.MaxProcesses)
	}
	if c.Logs.MaxBytes < 1 || c.Logs.MaxFiles < 1 {
		return fmt.Errorf("--max-log-bytes and --max-log-files must be at least 1, not %d and %d", c.Logs.MaxBytes, c.Logs.MaxFiles)
	}
	return nil
}

func absolute(list string) ([]string, error) {
	var paths []string
	for _, path := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		path, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func parseLabels(text string) (map[string]string, error) {
	labels := map[string]string{}
	if text == "" {
		return labels, nil
	}
	for _, pair := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("--labels holds %q, which is not of the form key=value", pair)
		}
		labels[key] = value
	}
	return labels, nil
}
