package provider

import (
	"bytes"
	"context"

	v1 "k8s.io/api/core/v1"

	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/process"
	"rig.dashecorp.com/kubelet/volumes"
)

// As much of the log as Kubernetes takes for a termination message.
const (
	lastLines = 80
	lastBytes = 2048
)

// lastWords are what the container wrote to its terminationMessagePath, else, where its policy says so and it failed,
// the end of its log.
func (c *container) lastWords(code int32) string {
	i := c.instance
	if message := volumes.TerminationMessage(i.dir, c.name); message != "" {
		return message
	}
	if code == 0 || c.spec().TerminationMessagePolicy != v1.TerminationMessageFallbackToLogsOnError {
		return ""
	}
	var out bytes.Buffer
	lines := int64(lastLines)
	path := process.LogPath(attemptDir(i.dir, c.name, c.attempt))
	if err := logs.Write(context.Background(), &out, path, logs.Options{Tail: &lines}, nil); err != nil {
		return ""
	}
	text := out.Bytes()
	return volumes.Printable(text[max(0, len(text)-lastBytes):])
}
