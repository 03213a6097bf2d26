package provider

import (
	"context"
	"slices"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// Follow sees what virtual-kubelet does not pass on: that a pod already on its way out was deleted by force, that others
// have changed their conditions, on which a readiness gate may wait, and that somebody asks for an ephemeral container.
// Call it before the informer starts.
func (p *Provider) Follow(pods cache.SharedIndexInformer) error {
	_, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(before, after any) {
			old, now := before.(*v1.Pod), after.(*v1.Pod)
			i := p.byUID(now.UID)
			switch {
			case i == nil:
			case len(old.Spec.EphemeralContainers) != len(now.Spec.EphemeralContainers):
				if err := i.update(now); err != nil {
					klog.ErrorS(err, "A changed pod could not be saved", "pod", klog.KObj(now))
				}
			case !equality.Semantic.DeepEqual(foreign(old), foreign(now)):
				i.refresh()
			}
		},
		DeleteFunc: func(object any) {
			if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			pod, ok := object.(*v1.Pod)
			if !ok {
				return
			}
			if i := p.byUID(pod.UID); i != nil {
				i.remove(gracePeriod(pod))
			}
		},
	})
	return err
}

// foreign are the conditions of a pod that this node does not write.
func foreign(pod *v1.Pod) []v1.PodCondition {
	return slices.DeleteFunc(slices.Clone(pod.Status.Conditions), func(c v1.PodCondition) bool {
		return slices.Contains(ownConditions, c.Type)
	})
}

// takeForeign replaces the conditions of others by what the API server says now. i.mu is held.
func (i *instance) takeForeign() {
	now, err := i.provider.Pods.Pods(i.namespace).Get(i.name)
	if err != nil || now.UID != i.uid {
		return
	}
	isOwn := func(c v1.PodCondition) bool {
		return slices.Contains(ownConditions, c.Type) || c.Type == v1.DisruptionTarget && i.verdict != nil && i.verdict.disruption
	}
	kept := slices.DeleteFunc(slices.Clone(i.pod.Status.Conditions), func(c v1.PodCondition) bool { return !isOwn(c) })
	theirs := slices.DeleteFunc(slices.Clone(now.Status.Conditions), isOwn)
	i.pod.Status.Conditions = append(theirs, kept...)
}

// PodClient is what virtual-kubelet's controller is to write pods with. That controller takes a deleted pod out of the
// API as soon as no main container runs, or the grace period is over; but init containers, sidecars and what will not
// die may run still, and a pod that is gone from the API does not run anywhere. So the pod is stopped instead, and taken
// out when nothing of it runs.
func (p *Provider) PodClient(pods corev1client.PodsGetter) corev1client.PodsGetter {
	return guardedGetter{PodsGetter: pods, provider: p}
}

type guardedGetter struct {
	corev1client.PodsGetter
	provider *Provider
}

func (g guardedGetter) Pods(namespace string) corev1client.PodInterface {
	return guardedPods{PodInterface: g.PodsGetter.Pods(namespace), provider: g.provider}
}

type guardedPods struct {
	corev1client.PodInterface
	provider *Provider
}

// Delete says "not found", on which the controller lets the matter rest, while something of the pod runs.
func (g guardedPods) Delete(ctx context.Context, name string, options metav1.DeleteOptions) error {
	if options.Preconditions != nil && options.Preconditions.UID != nil {
		if i := g.provider.byUID(*options.Preconditions.UID); i != nil && !i.isOver() {
			pod := i.snapshot()
			if now, err := g.provider.Pods.Pods(i.namespace).Get(i.name); err == nil && now.UID == i.uid {
				pod = now
			}
			i.remove(gracePeriod(pod))
			return apierrors.NewNotFound(v1.Resource("pods"), name)
		}
	}
	return g.PodInterface.Delete(ctx, name, options)
}

// isOver: nothing of the pod runs or will run.
func (i *instance) isOver() bool {
	select {
	case <-i.done:
		return true
	default:
		return false
	}
}
