package agent

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/record"
)

// quiet drops the events with which virtual-kubelet reports each success of ours: the pod's own say more.
type quiet struct{ record.EventRecorder }

func (q quiet) Event(object runtime.Object, kind, reason, message string) {
	if strings.HasPrefix(reason, "Provider") && strings.HasSuffix(reason, "Success") {
		return
	}
	q.EventRecorder.Event(object, kind, reason, message)
}
