// Package machine describes this machine as a Kubernetes node.
package machine

import (
	"runtime"

	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Capacity is what the machine has: processors, memory, the space free under dataDir, and the pods it may run.
func Capacity(dataDir string, maxPods int) (v1.ResourceList, error) {
	memory, err := memoryBytes()
	if err != nil {
		return nil, err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(dataDir, &disk); err != nil {
		return nil, err
	}
	free := int64(disk.Bavail) * int64(disk.Bsize)
	return v1.ResourceList{
		v1.ResourceCPU:              *resource.NewQuantity(int64(runtime.NumCPU()), resource.DecimalSI),
		v1.ResourceMemory:           *resource.NewQuantity(memory, resource.BinarySI),
		v1.ResourceEphemeralStorage: *resource.NewQuantity(free, resource.BinarySI),
		v1.ResourcePods:             *resource.NewQuantity(int64(maxPods), resource.DecimalSI),
	}, nil
}

// Pods is how many of the pods asked for the node takes: no more than the kernel can number the threads of. A pod that is started
// beyond that fails, and so does any other program's fork.
func Pods(asked int) int {
	if most, known := podsByThreads(); known && most < asked {
		return most
	}
	return asked
}

// Allocatable is what pods may ask for together: of processors and memory so many times what there is, of the rest what there is.
func Allocatable(capacity v1.ResourceList, overcommit int64) v1.ResourceList {
	allocatable := capacity.DeepCopy()
	for _, name := range []v1.ResourceName{v1.ResourceCPU, v1.ResourceMemory} {
		if quantity, ok := allocatable[name]; ok {
			quantity.Mul(overcommit)
			allocatable[name] = quantity
		}
	}
	return allocatable
}
