package provider

import (
	"context"
	"errors"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/volumes"
)

const (
	// contentEvery is how often a running pod's volumes are compared with what they name, as the kubelet does.
	contentEvery = time.Minute
	// renewRetry is how long a renewal that failed waits; a fifth of the token's life is left then.
	renewRetry = 10 * time.Second
)

// keepContent writes the volumes again when a token has used up four fifths of its life, when the pod's labels or
// annotations have changed, and now and then, for ConfigMaps and Secrets that changed. It returns when the pod is over.
func (i *instance) keepContent(renew time.Time) {
	if !volumes.Changes(i.snapshot()) {
		return
	}
	for {
		wait := i.provider.ContentEvery
		if !renew.IsZero() {
			wait = min(wait, max(0, time.Until(renew)))
		}
		select {
		case <-time.After(wait):
		case <-i.described:
		case <-i.done:
			return
		}
		next, err := i.writeContent()
		if err != nil && !errors.Is(err, context.Canceled) {
			i.event(v1.EventTypeWarning, "FailedVolumeUpdate", err.Error())
			next = time.Now().Add(max(renewRetry, wait))
		}
		renew = next
	}
}

// writeContent does nothing once the pod's volumes are removed.
func (i *instance) writeContent() (time.Time, error) {
	i.content.Lock()
	defer i.content.Unlock()
	if i.contentGone {
		return time.Time{}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchWithin)
	defer cancel()
	return i.provider.Volumes.Write(ctx, i.snapshot(), i.dir)
}

// removeContent deletes the volumes of a pod that is over.
func (i *instance) removeContent() {
	i.content.Lock()
	defer i.content.Unlock()
	i.contentGone = true
	if err := volumes.Remove(i.dir); err != nil {
		klog.ErrorS(err, "The volumes of a pod could not be removed", "pod", klog.KRef(i.namespace, i.name))
	}
}
