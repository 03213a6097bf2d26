package provider

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
)

const (
	writeWithin = 10 * time.Second
	writeTries  = 5
	writeRetry  = 500 * time.Millisecond
)

// remove stops the pod and, once its processes are gone, takes it out of the API and off the disk. virtual-kubelet
// alone would wait for the whole grace period before the object goes. Called again it can only shorten the grace.
func (i *instance) remove(grace time.Duration) {
	i.mu.Lock()
	first := !i.removing
	i.removing = true
	i.mu.Unlock()
	i.halt(nil, grace)
	if !first {
		return
	}
	go func() {
		<-i.done
		ctx, cancel := context.WithTimeout(context.Background(), writeTries*writeWithin)
		defer cancel()
		i.persist(ctx, func(ctx context.Context) error {
			zero := metav1.NewDeleteOptions(0)
			zero.Preconditions = metav1.NewUIDPreconditions(string(i.uid))
			return i.provider.Client.CoreV1().Pods(i.namespace).Delete(ctx, i.name, *zero)
		})
		i.provider.forget(i)
		close(i.gone)
	}()
}

// shutdown stops the pod because the node ends, and writes its last status before the kubelet is gone.
func (i *instance) shutdown(ctx context.Context, grace time.Duration) {
	i.halt(&verdict{reason: "Terminated", message: "Pod was terminated because its node was shut down.", disruption: true}, min(grace, gracePeriod(i.snapshot())))
	select {
	case <-i.done:
	case <-ctx.Done():
		i.killing.light(0)
		<-i.done
	}
	i.persist(ctx, func(context.Context) error { return nil })
}

// persist writes the last status of the pod and then does what follows; a pod that is gone or replaced is left alone.
func (i *instance) persist(ctx context.Context, then func(context.Context) error) {
	for try := 1; ; try++ {
		attempt, cancel := context.WithTimeout(ctx, writeWithin)
		err := i.writeStatus(attempt)
		if err == nil {
			err = then(attempt)
		}
		cancel()
		if err == nil || apierrors.IsNotFound(err) || ctx.Err() != nil {
			return
		}
		if try == writeTries {
			klog.ErrorS(err, "The last status of a pod could not be written", "pod", klog.KRef(i.namespace, i.name))
			return
		}
		time.Sleep(writeRetry)
	}
}

func (i *instance) writeStatus(ctx context.Context) error {
	pods := i.provider.Client.CoreV1().Pods(i.namespace)
	now, err := pods.Get(ctx, i.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if now.UID != i.uid {
		return apierrors.NewNotFound(v1.Resource("pods"), i.name)
	}
	if now.Status.Phase == v1.PodSucceeded || now.Status.Phase == v1.PodFailed {
		return nil
	}
	now.Status = i.snapshot().Status
	_, err = pods.UpdateStatus(ctx, now, metav1.UpdateOptions{})
	return err
}
