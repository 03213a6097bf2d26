package provider

import (
	"context"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestARunningPodSeesChangedLabelsAndConfigMaps(t *testing.T) {
	d, pod := newDiary(t), newPod("1", "")
	pod.Labels = map[string]string{"color": "red"}
	pod.Spec.Volumes = []v1.Volume{
		{Name: "info", VolumeSource: v1.VolumeSource{DownwardAPI: &v1.DownwardAPIVolumeSource{Items: []v1.DownwardAPIVolumeFile{
			{Path: "color", FieldRef: &v1.ObjectFieldSelector{FieldPath: "metadata.labels['color']"}},
		}}}},
		{Name: "map", VolumeSource: v1.VolumeSource{ConfigMap: &v1.ConfigMapVolumeSource{LocalObjectReference: v1.LocalObjectReference{Name: "m"}}}},
	}
	pod.Spec.Containers[0].VolumeMounts = []v1.VolumeMount{{Name: "info", MountPath: "/info"}, {Name: "map", MountPath: "/map"}}
	pod.Spec.Containers[0].Args = []string{d.note("main") + "cd $CONTAINER_SANDBOX_MOUNT_POINT; " +
		"until test $(cat info/color) = blue; do sleep 0.02; done; " + d.note("relabelled") + "until test $(cat map/key) = new; do sleep 0.02; done"}
	r := newRig(t, t.TempDir(), pod)
	object := &v1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "m", Namespace: "n"}, Data: map[string]string{"key": "old"}}
	if _, err := r.client.CoreV1().ConfigMaps("n").Create(context.Background(), object, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	r.create(t, pod)
	d.until(t, "main")
	changed := pod.DeepCopy()
	changed.Labels["color"] = "blue"
	if err := r.provider.UpdatePod(context.Background(), changed); err != nil {
		t.Fatal(err)
	}
	d.until(t, "relabelled")
	object.Data["key"] = "new"
	if _, err := r.client.CoreV1().ConfigMaps("n").Update(context.Background(), object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	r.until(t, "over", inPhase(v1.PodSucceeded))
}
