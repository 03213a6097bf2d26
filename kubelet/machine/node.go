package machine

import (
	"maps"
	"runtime"

	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/version"

	"rig.dashecorp.com/kubelet/isolation"
)

// Address is where this node listens unless told otherwise.
const Address = "127.0.0.1"

const (
	// IsolatedCondition says whether containers are walled off from each other and from the node's user.
	IsolatedCondition v1.NodeConditionType = "Isolated"
)

// HostProcessTaint keeps pods away that do not know that they run as processes of the host.
var HostProcessTaint = v1.Taint{Key: "rig.dashecorp.com/host-process", Value: "true", Effect: v1.TaintEffectNoSchedule}

// UnisolatedTaint keeps pods away that do not accept to run without a wall, from a node that cannot put one up.
var UnisolatedTaint = v1.Taint{Key: "rig.dashecorp.com/unisolated", Value: "true", Effect: v1.TaintEffectNoSchedule}

// Node is the object that stands for this machine. port is the kubelet's; labels are added to the usual ones.
func Node(name string, port int, capacity, allocatable v1.ResourceList, labels map[string]string, isolated isolation.Result) *v1.Node {
	now := metav1.Now()
	node := &v1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			v1.LabelHostname:         name,
			v1.LabelOSStable:         runtime.GOOS,
			v1.LabelArchStable:       runtime.GOARCH,
			"rig.dashecorp.com/node": "host",
		}},
		Spec: v1.NodeSpec{Taints: []v1.Taint{HostProcessTaint}},
		Status: v1.NodeStatus{
			Capacity:    capacity,
			Allocatable: allocatable,
			Addresses: []v1.NodeAddress{
				{Type: v1.NodeInternalIP, Address: Address},
				{Type: v1.NodeHostName, Address: name},
			},
			DaemonEndpoints: v1.NodeDaemonEndpoints{KubeletEndpoint: v1.DaemonEndpoint{Port: int32(port)}},
			NodeInfo:        info(),
			Conditions: []v1.NodeCondition{
				condition(v1.NodeReady, v1.ConditionTrue, "KubeletReady", "The kubelet accepts pods.", now),
				isolatedCondition(isolated, now),
				// No pressure of memory, disk or processes: what is not measured is not said to be absent.
			},
		},
	}
	maps.Copy(node.Labels, labels)
	if !isolated.Isolated {
		node.Spec.Taints = append(node.Spec.Taints, UnisolatedTaint)
	}
	return node
}

func isolatedCondition(r isolation.Result, now metav1.Time) v1.NodeCondition {
	status := v1.ConditionFalse
	if r.Isolated {
		status = v1.ConditionTrue
	}
	return condition(IsolatedCondition, status, r.Reason, r.Message, now)
}

func condition(kind v1.NodeConditionType, status v1.ConditionStatus, reason, message string, now metav1.Time) v1.NodeCondition {
	return v1.NodeCondition{Type: kind, Status: status, Reason: reason, Message: message, LastTransitionTime: now, LastHeartbeatTime: now}
}

// identity tells this machine and its running system from all others; empty where the system does not say.
type identity struct{ machine, boot string }

func info() v1.NodeSystemInfo {
	kernel := "unknown"
	var uname unix.Utsname
	if err := unix.Uname(&uname); err == nil {
		kernel = unix.ByteSliceToString(uname.Release[:])
	}
	id := identify()
	return v1.NodeSystemInfo{
		MachineID:               id.machine,
		SystemUUID:              id.machine,
		BootID:                  id.boot,
		KernelVersion:           kernel,
		OSImage:                 runtime.GOOS,
		OperatingSystem:         runtime.GOOS,
		Architecture:            runtime.GOARCH,
		ContainerRuntimeVersion: "host-process://1",
		KubeletVersion:          version.Get().GitVersion,
	}
}
