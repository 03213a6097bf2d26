// Package provider runs pods as processes of the host, for virtual-kubelet's pod controller.
package provider

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/errdefs"
	"github.com/virtual-kubelet/virtual-kubelet/node"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corev1listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/record"

	"rig.dashecorp.com/kubelet/cgroup"
	"rig.dashecorp.com/kubelet/env"
	"rig.dashecorp.com/kubelet/logs"
	"rig.dashecorp.com/kubelet/volumes"
)

// Options are what a Provider needs. All are required, but those that name their default.
type Options struct {
	// Shim is the path of the program that supervises one container.
	Shim string
	// Dir holds one directory a pod, named by its uid.
	Dir string
	// Address is the node's and its pods', since they share its network.
	Address string
	// ImageMapFile is read anew for every container that starts.
	ImageMapFile string
	// APIServer is given to pods as KUBERNETES_SERVICE_HOST and _PORT.
	APIServerHost, APIServerPort string
	Client                       kubernetes.Interface
	Recorder                     record.EventRecorder
	Volumes                      *volumes.Manager
	Env                          env.Resolver
	// Wall is how containers are isolated; nil: they are not, and every pod accepts it.
	Wall *Wall
	// Cgroups is nil on a node that cannot make control groups.
	Cgroups *cgroup.Manager
	// MaxProcesses is how many processes and threads a container may have; 0 means no limit.
	MaxProcesses int64
	// Pods is what the API server says now; a name there may belong to a newer pod than the one that runs here.
	Pods corev1listers.PodLister
	// Backoff between restarts; the zero value is DefaultBackoff.
	Backoff Backoff
	// Logs says when logs are rotated; the zero value is logs.DefaultRotation.
	Logs logs.Rotation
	// ContentEvery is how often volumes are compared with what they name; 0 is once a minute.
	ContentEvery time.Duration
	// MeasureEvery is how often the disk space of pods with a limit is measured; 0 is every 10 s.
	MeasureEvery time.Duration
}

// Provider implements virtual-kubelet's PodLifecycleHandler and PodNotifier. Pods are known by uid; all methods
// return at once, what takes time happens on a goroutine of the pod.
type Provider struct {
	Options
	mu     sync.Mutex
	pods   map[types.UID]*instance
	notify func(*v1.Pod)
	// closed: every pod was asked to stop, and none begins any more.
	closed bool
	// notifiable is closed once notify is set.
	notifiable chan struct{}
}

var (
	_ node.PodLifecycleHandler = &Provider{}
	_ node.PodNotifier         = &Provider{}
)

// New finds the pods of a kubelet before this one in options.Dir and goes on with them.
func New(options Options) (*Provider, error) {
	if options.Backoff == (Backoff{}) {
		options.Backoff = DefaultBackoff
	}
	if options.MeasureEvery == 0 {
		options.MeasureEvery = measureEvery
	}
	if options.ContentEvery == 0 {
		options.ContentEvery = contentEvery
	}
	p := &Provider{Options: options, pods: map[types.UID]*instance{}, notifiable: make(chan struct{})}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, err
	}
	found, err := restore(options.Dir)
	if err != nil {
		return nil, err
	}
	for _, pod := range found {
		p.begin(newInstance(p, pod, p.podDir(pod.UID)))
	}
	return p, nil
}

// CreatePod starts a pod. Calling it again for the same uid does nothing. After StopAll it does nothing either, not even fail the
// pod: a Job replaces one that its node stopped at once, often on the same node, whose next kubelet is to start it.
func (p *Provider) CreatePod(_ context.Context, pod *v1.Pod) error {
	p.mu.Lock()
	_, known := p.pods[pod.UID]
	known = known || p.closed
	p.mu.Unlock()
	if known {
		return nil
	}
	if err := save(p.podDir(pod.UID), pod); err != nil {
		return err
	}
	p.begin(newInstance(p, pod, p.podDir(pod.UID)))
	return nil
}

func (p *Provider) begin(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Closed since it was saved: the next kubelet finds it.
	if p.closed {
		return
	}
	p.pods[i.uid] = i
	go i.announce()
	go i.run()
}

// UpdatePod takes over what may change while a pod runs: labels, annotations, tolerations, its deadline.
func (p *Provider) UpdatePod(_ context.Context, pod *v1.Pod) error {
	i := p.byUID(pod.UID)
	if i == nil {
		return errdefs.NotFoundf("the pod %s/%s is not on this node", pod.Namespace, pod.Name)
	}
	return i.update(pod)
}

// DeletePod stops the pod within its grace period and then removes it here and in the API.
func (p *Provider) DeletePod(_ context.Context, pod *v1.Pod) error {
	i := p.byUID(pod.UID)
	if i == nil {
		return errdefs.NotFoundf("the pod %s/%s is not on this node", pod.Namespace, pod.Name)
	}
	i.remove(gracePeriod(pod))
	return nil
}

// GetPod finds a pod that is to run. One that is being removed counts as gone, so that a new pod of that name can start.
func (p *Provider) GetPod(_ context.Context, namespace, name string) (*v1.Pod, error) {
	i := p.byName(namespace, name)
	if i == nil {
		return nil, errdefs.NotFoundf("the pod %s/%s is not on this node", namespace, name)
	}
	if now, err := p.Pods.Pods(namespace).Get(name); err == nil && now.UID != i.uid {
		i.remove(gracePeriod(i.snapshot()))
		return nil, errdefs.NotFoundf("the pod %s/%s is a new one", namespace, name)
	}
	return i.snapshot(), nil
}

// GetPodStatus is the status of GetPod.
func (p *Provider) GetPodStatus(ctx context.Context, namespace, name string) (*v1.PodStatus, error) {
	pod, err := p.GetPod(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	return &pod.Status, nil
}

// GetPods lists the pods that are not being removed.
func (p *Provider) GetPods(context.Context) ([]*v1.Pod, error) {
	var pods []*v1.Pod
	for _, i := range p.all() {
		if !i.isRemoving() {
			pods = append(pods, i.snapshot())
		}
	}
	return pods, nil
}

// NotifyPods sets the callback for changed statuses; pods found at start are announced to it.
func (p *Provider) NotifyPods(_ context.Context, notify func(*v1.Pod)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.notify == nil {
		defer close(p.notifiable)
	}
	p.notify = notify
}

func (p *Provider) notifyChange(pod *v1.Pod) {
	p.mu.Lock()
	notify := p.notify
	p.mu.Unlock()
	notify(pod)
}

// StopAll stops every pod, as a node that shuts down does, and returns when their statuses are in the API or ctx ends. No
// other begins from then on.
func (p *Provider) StopAll(ctx context.Context, grace time.Duration) {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	var waiting sync.WaitGroup
	for _, i := range p.all() {
		waiting.Go(func() { i.shutdown(ctx, grace) })
	}
	waiting.Wait()
}

func (p *Provider) podDir(uid types.UID) string { return filepath.Join(p.Dir, string(uid)) }

func (p *Provider) byUID(uid types.UID) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pods[uid]
}

func (p *Provider) byName(namespace, name string) *instance {
	if i := p.evenRemoving(namespace, name); i != nil && !i.isRemoving() {
		return i
	}
	return nil
}

// evenRemoving prefers the pod that is to run over one of the same name that is on its way out.
func (p *Provider) evenRemoving(namespace, name string) *instance {
	var leaving *instance
	for _, i := range p.all() {
		if i.namespace != namespace || i.name != name {
			continue
		}
		if !i.isRemoving() {
			return i
		}
		leaving = i
	}
	return leaving
}

func (p *Provider) all() []*instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]*instance, 0, len(p.pods))
	for _, i := range p.pods {
		list = append(list, i)
	}
	return list
}

func (p *Provider) forget(i *instance) {
	p.mu.Lock()
	delete(p.pods, i.uid)
	p.mu.Unlock()
	p.Volumes.Forget(i.uid)
	i.erase()
}

// gracePeriod is what the deletion asks for, else what the pod's author did.
func gracePeriod(pod *v1.Pod) time.Duration {
	seconds := int64(v1.DefaultTerminationGracePeriodSeconds)
	if pod.Spec.TerminationGracePeriodSeconds != nil {
		seconds = *pod.Spec.TerminationGracePeriodSeconds
	}
	if pod.DeletionTimestamp != nil && pod.DeletionGracePeriodSeconds != nil {
		seconds = *pod.DeletionGracePeriodSeconds
	}
	return time.Duration(seconds) * time.Second
}
