package provider

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
)

// verdict is why a whole pod ended or cannot start, for its status.
type verdict struct {
	reason, message string
	// disruption: the node ended the pod for its own sake, so it counts as disrupted and not as failed.
	disruption bool
}

// instance is one pod on this node.
type instance struct {
	provider        *Provider
	uid             types.UID
	namespace, name string
	dir             string

	// stopping ends when the pod is to end, closing when its sidecars are to end: then, or once the others have ended.
	stopping, closing context.Context
	stop, close       context.CancelFunc
	// killing blows when what still runs is to get SIGKILL.
	killing *fuse
	// done is closed when the pod is over, gone when it is also forgotten.
	done, gone chan struct{}
	// changed holds at most one signal: several changes are announced as one.
	changed chan struct{}
	// described holds at most one signal: labels or annotations are new.
	described chan struct{}

	mu      sync.Mutex
	pod     *v1.Pod
	inits   []*container
	mains   []*container
	verdict *verdict
	// refused: no container was or will be started. frozen: a kubelet before this one saw the end of the pod.
	refused, frozen bool
	// prepared: its volumes are laid out. completed: its containers ended by themselves. finished: nothing of it runs.
	prepared, completed, finished bool
	removing                      bool

	// content is held while volumes are written or removed.
	content     sync.Mutex
	contentGone bool
	// disk is held while the pod is saved or erased.
	disk     sync.Mutex
	erased   bool
	deadline *time.Timer
}

func newInstance(p *Provider, pod *v1.Pod, dir string) *instance {
	i := &instance{
		provider: p, uid: pod.UID, namespace: pod.Namespace, name: pod.Name, dir: dir,
		done: make(chan struct{}), gone: make(chan struct{}), changed: make(chan struct{}, 1),
		described: make(chan struct{}, 1), pod: pod.DeepCopy(),
	}
	i.stopping, i.stop = context.WithCancel(context.Background())
	i.closing, i.close = context.WithCancel(i.stopping)
	i.killing = newFuse()
	now := metav1.Now()
	if i.pod.Status.StartTime == nil {
		i.pod.Status.StartTime = &now
	}
	for n := range pod.Spec.InitContainers {
		spec := &i.pod.Spec.InitContainers[n]
		i.inits = append(i.inits, adopt(i, spec, initRoleOf(spec)))
	}
	for n := range pod.Spec.Containers {
		i.mains = append(i.mains, adopt(i, &i.pod.Spec.Containers[n], mainRole))
	}
	if pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed {
		i.freeze()
	}
	return i
}

// freeze keeps the saved end of a pod: it must not start again, whatever has changed since.
func (i *instance) freeze() {
	i.frozen = true
	for _, s := range slices.Concat(i.pod.Status.InitContainerStatuses, i.pod.Status.ContainerStatuses) {
		if c := i.find(s.Name); c != nil {
			c.state, c.last = s.State, s.LastTerminationState
		}
	}
}

// run is the pod's whole life on this node.
func (i *instance) run() {
	if i.frozen {
		i.finished = true
		close(i.done)
		return
	}
	i.armDeadline()
	if err := i.admit(); err != nil {
		i.refuse(err)
	} else if i.prepare() {
		i.play()
	}
	i.mu.Lock()
	i.finished = true
	if i.deadline != nil {
		i.deadline.Stop()
	}
	i.mu.Unlock()
	i.refresh()
	i.removeContent()
	if err := i.save(i.snapshot()); err != nil {
		klog.ErrorS(err, "The end of a pod could not be saved", "pod", klog.KRef(i.namespace, i.name))
	}
	close(i.done)
}

// refuse fails the pod for a reason that waiting will not cure.
func (i *instance) refuse(err error) {
	refusal := &refusalError{reason: "NotSupported", message: err.Error()}
	errors.As(err, &refusal)
	i.mu.Lock()
	i.refused = true
	i.verdict = &verdict{reason: refusal.reason, message: refusal.message}
	for c := range i.all() {
		c.state = waiting(refusal.reason, refusal.message)
	}
	i.mu.Unlock()
	i.event(v1.EventTypeWarning, refusal.reason, refusal.message)
}

// halt asks the containers to end and kills them after grace. The first verdict stands; a shorter grace counts.
func (i *instance) halt(v *verdict, grace time.Duration) {
	i.mu.Lock()
	if i.verdict == nil && !i.completed && !i.finished {
		i.verdict = v
	}
	i.mu.Unlock()
	i.killing.light(grace)
	i.stop()
}

func (i *instance) update(pod *v1.Pod) error {
	i.mu.Lock()
	next := pod.DeepCopy()
	next.Status = i.pod.Status
	i.pod = next
	i.mu.Unlock()
	i.armDeadline()
	i.refresh()
	select {
	case i.described <- struct{}{}:
	default:
	}
	return i.save(next)
}

// armDeadline stops the pod at its activeDeadlineSeconds.
func (i *instance) armDeadline() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.deadline != nil {
		i.deadline.Stop()
	}
	seconds := i.pod.Spec.ActiveDeadlineSeconds
	if seconds == nil || i.finished {
		return
	}
	left := time.Until(i.pod.Status.StartTime.Add(time.Duration(*seconds) * time.Second))
	grace := gracePeriod(i.pod)
	i.deadline = time.AfterFunc(max(left, 0), func() {
		i.halt(&verdict{reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline"}, grace)
	})
}

// refresh computes the status anew and has it announced.
func (i *instance) refresh() {
	i.mu.Lock()
	if !i.frozen {
		i.takeForeign()
		i.compute()
	}
	i.mu.Unlock()
	select {
	case i.changed <- struct{}{}:
	default:
	}
}

func (i *instance) compute() {
	var views []view
	for c := range i.all() {
		views = append(views, c.view())
	}
	pod := i.pod.DeepCopy()
	pod.Status = status(i.pod, views, outcome{
		address: i.provider.Address,
		verdict: i.verdict, refused: i.refused, prepared: i.prepared, finished: i.finished,
	}, metav1.Now())
	i.pod = pod
}

// announce passes changed statuses on, in order, until the pod is gone.
func (i *instance) announce() {
	<-i.provider.notifiable
	i.refresh()
	for {
		select {
		case <-i.changed:
			i.provider.notifyChange(i.snapshot())
		case <-i.gone:
			return
		}
	}
}

func (i *instance) snapshot() *v1.Pod {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.pod.DeepCopy()
}

func (i *instance) isRemoving() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.removing
}

func (i *instance) event(kind, reason, message string) {
	i.provider.Recorder.Event(i.snapshot(), kind, reason, message)
}

// all yields the init containers, then the others.
func (i *instance) all() iter.Seq[*container] {
	return func(yield func(*container) bool) {
		for _, c := range slices.Concat(i.inits, i.mains) {
			if !yield(c) {
				return
			}
		}
	}
}

// find returns the container of that name, nil when there is none.
func (i *instance) find(name string) *container {
	for c := range i.all() {
		if c.name == name {
			return c
		}
	}
	return nil
}
