// Package agent puts the kubelet together: identity, node, pods and the port for logs.
package agent

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/node"
	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	"golang.org/x/sys/unix"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/cgroup"
	"rig.dashecorp.com/kubelet/config"
	"rig.dashecorp.com/kubelet/env"
	"rig.dashecorp.com/kubelet/identity"
	"rig.dashecorp.com/kubelet/imagemap"
	"rig.dashecorp.com/kubelet/machine"
	"rig.dashecorp.com/kubelet/objects"
	"rig.dashecorp.com/kubelet/provider"
	"rig.dashecorp.com/kubelet/server"
	"rig.dashecorp.com/kubelet/stats"
	"rig.dashecorp.com/kubelet/volumes"
)

const (
	identityWithin = 2 * time.Minute
	podWorkers     = 10
)

// Run joins the cluster and runs pods until ctx ends. Errors are sentences for the node's administrator.
func Run(ctx context.Context, c *config.Config) error {
	lock, err := lockDataDir(c.DataDir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := imagemap.Load(c.ImageMap); err != nil {
		return err
	}
	wall, err := openWall(c)
	if err != nil {
		return err
	}
	kube, restConfig, id, err := join(ctx, c)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(c.Address, strconv.Itoa(c.Port)))
	if err != nil {
		return fmt.Errorf("the kubelet's port cannot be opened: %w", err)
	}
	defer listener.Close()
	most := machine.Pods(c.MaxPods)
	if most < c.MaxPods {
		klog.InfoS("The node takes fewer pods than --max-pods: kernel.pid_max numbers too few threads for more; raise it",
			"maxPods", c.MaxPods, "pods", most)
	}
	capacity, err := machine.Capacity(c.DataDir, most)
	if err != nil {
		return err
	}
	events := record.NewBroadcaster()
	events.StartRecordingToSink(&corev1client.EventSinkImpl{Interface: kube.CoreV1().Events("")})
	defer events.Shutdown()
	recorder := quiet{events.NewRecorder(scheme.Scheme, v1.EventSource{Component: "rig-kubelet", Host: c.NodeName})}

	pods := informers.NewSharedInformerFactoryWithOptions(kube, 0, nodeutil.PodInformerFilter(c.NodeName))
	cgroups, limits := openCgroups()
	p, err := newProvider(c, kube, restConfig, pods, recorder, capacity, cgroups, wall)
	if err != nil {
		return err
	}
	measures := &stats.Collector{Source: p, NodeName: c.NodeName, DataDir: c.DataDir, Started: time.Now(), Now: time.Now}
	if cgroups == nil {
		go measures.WatchMemory(ctx, p.EndOverLimit)
	}
	err = serve(ctx, listener, c.Address, c.ClientCA, kube, id, server.Options{
		Backend: p, Measures: measures, Metrics: server.NewMetrics(cgroups != nil), Now: time.Now,
	})
	if err != nil {
		return err
	}
	self := machine.Node(c.NodeName, listener.Addr().(*net.TCPAddr).Port, capacity, machine.Allocatable(capacity, c.Overcommit), c.Labels, wall.Result)
	self.Status.Addresses[0].Address = c.Address
	self.Status.Conditions = append(self.Status.Conditions, limits)
	return control(ctx, c, kube, p, pods, recorder, self)
}

func join(ctx context.Context, c *config.Config) (*kubernetes.Clientset, *rest.Config, *identity.Identity, error) {
	bootstrap, err := clientcmd.BuildConfigFromFlags("", c.BootstrapKubeconfig)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("the bootstrap kubeconfig cannot be used: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, identityWithin)
	defer cancel()
	id := &identity.Identity{Dir: filepath.Join(c.DataDir, "pki"), Node: c.NodeName, Bootstrap: bootstrap, Now: time.Now}
	restConfig, err := id.Client(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	restConfig.QPS, restConfig.Burst = float32(c.APIQPS), c.APIBurst
	kube, err := kubernetes.NewForConfig(restConfig)
	return kube, restConfig, id, err
}

func newProvider(c *config.Config, kube kubernetes.Interface, restConfig *rest.Config, pods informers.SharedInformerFactory,
	recorder record.EventRecorder, capacity v1.ResourceList, cgroups *cgroup.Manager, wall *provider.Wall) (*provider.Provider, error) {
	shim, err := shimOf()
	if err != nil {
		return nil, err
	}
	apiServer, err := url.Parse(restConfig.Host)
	if err != nil {
		return nil, err
	}
	client := objects.Client{Kube: kube}
	return provider.New(provider.Options{
		Shim:          shim,
		Dir:           filepath.Join(c.DataDir, "pods"),
		ImageMapFile:  c.ImageMap,
		APIServerHost: apiServer.Hostname(),
		APIServerPort: apiServer.Port(),
		Client:        kube,
		Recorder:      recorder,
		Cgroups:       cgroups,
		Wall:          wall,
		MaxProcesses:  c.MaxProcesses,
		Address:       c.Address,
		Logs:          c.Logs,
		Volumes:       &volumes.Manager{Objects: client, Allocatable: capacity, Now: time.Now},
		Env:           env.Resolver{Objects: client, Allocatable: capacity},
		Pods:          pods.Core().V1().Pods().Lister(),
	})
}

// control runs virtual-kubelet's two controllers until ctx ends.
func control(ctx context.Context, c *config.Config, kube kubernetes.Interface, p *provider.Provider,
	pods informers.SharedInformerFactory, recorder record.EventRecorder, self *v1.Node) error {
	if err := p.Follow(pods.Core().V1().Pods().Informer()); err != nil {
		return err
	}
	// virtual-kubelet wants these informers but, with SkipDownwardAPIResolution, never asks them: they are not started,
	// because listing Secrets is what this node may not do.
	unused := informers.NewSharedInformerFactory(kube, 0).Core().V1()
	podController, err := node.NewPodController(node.PodControllerConfig{
		PodClient: p.PodClient(kube.CoreV1()), PodInformer: pods.Core().V1().Pods(), EventRecorder: recorder, Provider: p,
		ConfigMapInformer: unused.ConfigMaps(), SecretInformer: unused.Secrets(), ServiceInformer: unused.Services(),
		SkipDownwardAPIResolution:         true,
		SyncPodsFromKubernetesRateLimiter: perPod(), DeletePodsFromKubernetesRateLimiter: perPod(),
		SyncPodStatusFromProviderRateLimiter: perPod(),
	})
	if err != nil {
		return err
	}
	nodeController, err := node.NewNodeController(node.NaiveNodeProvider{}, self, kube.CoreV1().Nodes(),
		node.WithNodeEnableLeaseV1(nodeutil.NodeLeaseV1Client(kube), node.DefaultLeaseDuration))
	if err != nil {
		return err
	}
	// The controllers outlive ctx while pods are being stopped, so that their last statuses still get out.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	pods.Start(running.Done())
	go func() { _ = podController.Run(running, podWorkers) }()
	go func() { _ = nodeController.Run(running) }()
	select {
	case <-podController.Done():
		return fmt.Errorf("the pod controller ended: %w", podController.Err())
	case <-nodeController.Done():
		return fmt.Errorf("the node cannot be kept in the cluster: %w", nodeController.Err())
	case <-ctx.Done():
	}
	if c.StopPods {
		klog.InfoS("Stopping pods")
		deadline, done := context.WithTimeout(running, c.StopPodsGrace+5*time.Second)
		defer done()
		p.StopAll(deadline, c.StopPodsGrace)
	}
	return nil
}

func lockDataDir(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another kubelet runs on %s: stop it or choose another --data-dir", dir)
	}
	return file, nil
}

// perPod slows down a pod that fails, and no other. The library's default also lets ten changes a second through for the whole
// node, which held it to five short pods a second.
func perPod() workqueue.TypedRateLimiter[any] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[any](time.Millisecond, time.Minute)
}
