package provider

import (
	"slices"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rig.dashecorp.com/kubelet/imagemap"
	"rig.dashecorp.com/kubelet/isolation"
	"rig.dashecorp.com/kubelet/volumes"
)

func planOn(t *testing.T, w *Wall, pod *v1.Pod) *isolation.Plan {
	t.Helper()
	at := places{home: "/pods/a/containers/main/home", temp: "/pods/a/containers/main/tmp", root: "/pods/a/roots/main"}
	mounts := []volumes.Mount{{Source: "/pods/a/volumes/work", Path: "/work"}}
	image := imagemap.Image{Directory: "/opt/rig", Path: []string{"/opt/bin"}, Command: []string{"/opt/node/node"}, Readable: []string{"/opt/tools"}}
	plan, err := w.plan(pod, &v1.Container{Name: "main"}, image, mounts, at, "/pods/a", 100)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func podNamed(annotation string) *v1.Pod {
	return &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", Annotations: map[string]string{LoopbackOnly: annotation}}}
}

func writableSources(plan *isolation.Plan) []string {
	var sources []string
	for _, m := range plan.Mounts {
		if !m.ReadOnly && m.Source != "" {
			sources = append(sources, m.Source)
		}
	}
	return sources
}

func TestWhereNothingCanBeMountedAContainerWritesItsVolumesAndItsOwnDirectoriesAlone(t *testing.T) {
	w := &Wall{Result: isolation.Result{Isolated: true, UserNamespace: true}}
	want := []string{"/pods/a/volumes/work", "/pods/a/containers/main/tmp", "/pods/a/containers/main/home"}
	got := writableSources(planOn(t, w, podNamed("")))
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	w.CanMount = true
	if got := writableSources(planOn(t, w, podNamed(""))); !slices.Equal(got, []string{"/pods/a/volumes/work"}) {
		t.Errorf("where it can: %v", got)
	}
}

func TestAContainerReadsTheDirectoriesOfItsImage(t *testing.T) {
	plan := planOn(t, &Wall{Result: isolation.Result{Isolated: true, UserNamespace: true}, CanMount: true}, podNamed(""))
	for _, dir := range []string{"/opt/rig", "/opt/bin", "/opt/node", "/opt/tools"} {
		if !slices.ContainsFunc(plan.Mounts, func(m isolation.Mount) bool { return m.Source == dir && m.Target == dir && m.ReadOnly }) {
			t.Errorf("%s is not there", dir)
		}
	}
}

func TestTheAnnotationNamesWhoHasLoopbackOnly(t *testing.T) {
	w := &Wall{Result: isolation.Result{Isolated: true, UserNamespace: true}, CanMount: true}
	for annotation, want := range map[string]bool{"": false, "main": true, "other, main": true, "maintenance": false} {
		if got := planOn(t, w, podNamed(annotation)).LoopbackOnly; got != want {
			t.Errorf("%q: %v", annotation, got)
		}
	}
}

func TestAnAnnotationThatNamesNoContainerOfThePodHasItRefused(t *testing.T) {
	for annotation, want := range map[string]string{
		"": "", "main": "", " main , setup,": "", "mian": `names "mian", which is no container of this pod: it has setup, main.`, "main,other": `names "other"`,
	} {
		pod := podNamed(annotation)
		pod.Spec.InitContainers, pod.Spec.Containers = []v1.Container{{Name: "setup"}}, []v1.Container{{Name: "main"}}
		err := onlyOwnNames(pod)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", annotation, err)
		}
	}
}

func TestANodeWithoutAWallRefusesWhoDoesNotTolerateThat(t *testing.T) {
	w := &Wall{Result: isolation.Result{Message: "Why."}}
	if err := w.refuse(podNamed("")); err == nil || err.Error() != "This node does not isolate containers, and the pod does not tolerate that: Why." {
		t.Error(err)
	}
	accepting := podNamed("")
	accepting.Spec.Tolerations = []v1.Toleration{{Key: "rig.dashecorp.com/unisolated", Operator: v1.TolerationOpExists}}
	if err := w.refuse(accepting); err != nil {
		t.Error(err)
	}
	w.Isolated = true
	if err := w.refuse(podNamed("")); err != nil {
		t.Error(err)
	}
}
