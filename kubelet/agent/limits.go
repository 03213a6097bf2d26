package agent

import (
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/cgroup"
)

// LimitsEnforced is the node's condition that says whether the system holds containers to their limits.
const LimitsEnforced v1.NodeConditionType = "LimitsEnforced"

// openCgroups finds out whether containers can have control groups. manager is nil where they cannot.
func openCgroups() (manager *cgroup.Manager, condition v1.NodeCondition) {
	now := metav1.NewTime(time.Now())
	condition = v1.NodeCondition{Type: LimitsEnforced, LastHeartbeatTime: now, LastTransitionTime: now}
	manager, err := cgroup.Open()
	if err != nil {
		klog.InfoS("Containers have no control groups", "reason", err.Error())
		condition.Status, condition.Reason = v1.ConditionFalse, "NoControlGroups"
		condition.Message = "Memory limits are enforced by looking every second, the number of processes by the wall where it is one of Linux; limits of processors are not: " + err.Error() + "."
		return nil, condition
	}
	condition.Status, condition.Reason = v1.ConditionTrue, "ControlGroupsV1"
	if manager.Version() == 2 {
		condition.Reason = "ControlGroupsV2"
	}
	limited, unlimited := manager.Limits()
	condition.Message = "Each container has a control group that limits " + strings.Join(limited, ", ") + "."
	if len(unlimited) > 0 {
		condition.Message += " The kubelet may not limit " + strings.Join(unlimited, ", ") + "."
	}
	return manager, condition
}
