package config

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var required = []string{"--node-name=n", "--bootstrap-kubeconfig=b", "--data-dir=d", "--image-map=/i"}

func TestDefaultsLabelsAndAbsolutePaths(t *testing.T) {
	c, err := Parse(append([]string{"--labels=a/b=c,d="}, required...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.Labels["a/b"] != "c" || len(c.Labels) != 2 || c.APIQPS != 200 || c.APIBurst != 400 || c.StopPods || c.Port != 0 {
		t.Errorf("%+v", c)
	}
	if !filepath.IsAbs(c.DataDir) {
		t.Errorf("data directory %s", c.DataDir)
	}
}

func TestWrongCommandLinesAreRefused(t *testing.T) {
	for want, args := range map[string][]string{
		"usage":         required[1:],
		"key=value":     append([]string{"--labels=nonsense"}, required...),
		"at least 1":    append([]string{"--max-log-files=0"}, required...),
		"one address":   append([]string{"--address=0.0.0.0"}, required...),
		"at least 0":    append([]string{"--max-processes=-1"}, required...),
		"from 1 to":     append([]string{"--overcommit=0"}, required...),
		"not defined":   append([]string{"--unknown"}, required...),
		"usage: rig-ku": append(append([]string{}, required...), "left over"),
	} {
		if _, err := Parse(args, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestTheCommandLineOfAServiceHasAbsolutePathsAndNoDefaults(t *testing.T) {
	c, err := Parse(append([]string{"--max-pods=5", "--stop-pods-on-exit", "--hide=/a,b"}, required...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(c.Args, io.Discard)
	if err != nil || len(c.Args) != 7 || again.MaxPods != 5 || !slices.Equal(again.Hide, c.Hide) || !again.StopPods || again.NodeName != "n" {
		t.Fatalf("%v %v", c.Args, err)
	}
	if len(c.Hide) != 2 || c.Hide[0] != "/a" || !filepath.IsAbs(c.Hide[1]) {
		t.Errorf("%v", c.Hide)
	}
	for _, flag := range c.Args {
		if strings.Contains(flag, "data-dir") && flag != "--data-dir="+c.DataDir {
			t.Error(flag)
		}
	}
}
