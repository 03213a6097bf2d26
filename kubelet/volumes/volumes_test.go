package volumes

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type objects struct{ tokens int }

func (*objects) Secret(_ context.Context, _, name string) (*v1.Secret, error) {
	if name == "gone" {
		return nil, apierrors.NewNotFound(v1.Resource("secrets"), name)
	}
	return &v1.Secret{Data: map[string][]byte{"a": []byte("1"), "b": []byte("2")}}, nil
}

func (*objects) ConfigMap(_ context.Context, _, _ string) (*v1.ConfigMap, error) {
	return &v1.ConfigMap{Data: map[string]string{"run.sh": "echo"}, BinaryData: map[string][]byte{"bin": {0}}}, nil
}

func (o *objects) Token(_ context.Context, _ *v1.Pod, audience string, _ *int64) (Token, error) {
	o.tokens++
	life := time.Hour
	if audience == "short" {
		life = 10 * time.Minute
	}
	return Token{Value: audience, Expires: now.Add(life)}, nil
}

func pod(volumes ...v1.Volume) *v1.Pod {
	return &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"l": "v"}}, Spec: v1.PodSpec{Volumes: volumes}}
}

func manager(o *objects) *Manager { return &Manager{Objects: o, Now: func() time.Time { return now }} }

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func token(path, audience string) v1.VolumeProjection {
	return v1.VolumeProjection{ServiceAccountToken: &v1.ServiceAccountTokenProjection{Path: path, Audience: audience}}
}

func TestProjectedVolumeHoldsAllItsSourcesAndIsRenewedAtFourFifths(t *testing.T) {
	o, dir := &objects{}, t.TempDir()
	p := pod(v1.Volume{Name: "all", VolumeSource: v1.VolumeSource{Projected: &v1.ProjectedVolumeSource{Sources: []v1.VolumeProjection{
		token("t/long", "long"), token("t/short", "short"),
		{Secret: &v1.SecretProjection{Items: []v1.KeyToPath{{Key: "a", Path: "x/y"}}}},
		{ConfigMap: &v1.ConfigMapProjection{}},
		{DownwardAPI: &v1.DownwardAPIProjection{Items: []v1.DownwardAPIVolumeFile{{Path: "name", FieldRef: &v1.ObjectFieldSelector{FieldPath: "metadata.name"}}}}},
	}}}})
	renew, err := manager(o).Write(context.Background(), p, dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := now.Add(8 * time.Minute); !renew.Equal(want) {
		t.Errorf("renewed at %s, want %s", renew, want)
	}
	for file, want := range map[string]string{"t/long": "long", "t/short": "short", "x/y": "1", "run.sh": "echo", "bin": "\x00", "name": "p"} {
		if got := read(t, filepath.Join(dir, "volumes/all", file)); got != want {
			t.Errorf("%s: got %q", file, got)
		}
	}
	m := manager(o)
	for range 2 {
		if again, err := m.Write(context.Background(), p, dir); err != nil || !again.Equal(renew) || o.tokens != 4 {
			t.Errorf("written again: %v, %d tokens", err, o.tokens)
		}
	}
	m.Forget(p.UID)
	if _, err := m.Write(context.Background(), p, dir); err != nil || o.tokens != 6 {
		t.Errorf("a pod that was forgotten: %v, %d tokens", err, o.tokens)
	}
}

func TestFilesKeepOnlyTheOwnersRights(t *testing.T) {
	dir, script, secret := t.TempDir(), int32(0o755), int32(0o444)
	p := pod(
		v1.Volume{Name: "c", VolumeSource: v1.VolumeSource{ConfigMap: &v1.ConfigMapVolumeSource{DefaultMode: &script}}},
		v1.Volume{Name: "s", VolumeSource: v1.VolumeSource{Secret: &v1.SecretVolumeSource{SecretName: "s", DefaultMode: &secret}}},
	)
	if _, err := manager(&objects{}).Write(context.Background(), p, dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]os.FileMode{"c/run.sh": 0o700, "s/a": 0o400, "s": 0o700} {
		info, err := os.Stat(filepath.Join(dir, "volumes", file))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %o", file, info.Mode().Perm(), err, want)
		}
	}
}

func TestMissingObjectsAndUnsupportedVolumesAreErrors(t *testing.T) {
	dir, optional := t.TempDir(), true
	gone := v1.Volume{Name: "s", VolumeSource: v1.VolumeSource{Secret: &v1.SecretVolumeSource{SecretName: "gone"}}}
	if _, err := manager(&objects{}).Write(context.Background(), pod(gone), dir); !apierrors.IsNotFound(err) {
		t.Errorf("missing: %v", err)
	}
	gone.Secret.Optional = &optional
	if _, err := manager(&objects{}).Write(context.Background(), pod(gone), dir); err != nil {
		t.Errorf("optional: %v", err)
	}
	host := pod(v1.Volume{Name: "h", VolumeSource: v1.VolumeSource{HostPath: &v1.HostPathVolumeSource{Path: "/"}}})
	var unsupported *UnsupportedError
	if err := Check(host); !errors.As(err, &unsupported) {
		t.Errorf("hostPath: %v", err)
	}
}

func TestMountsAppearUnderTheRootAlsoInsideEachOtherAndBySubPath(t *testing.T) {
	dir := t.TempDir()
	p := pod(
		v1.Volume{Name: "work", VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}},
		v1.Volume{Name: "s", VolumeSource: v1.VolumeSource{Secret: &v1.SecretVolumeSource{SecretName: "s"}}},
	)
	if _, err := manager(&objects{}).Write(context.Background(), p, dir); err != nil {
		t.Fatal(err)
	}
	container := &v1.Container{Name: "c", VolumeMounts: []v1.VolumeMount{
		{Name: "s", MountPath: "/work/inner"}, {Name: "work", MountPath: "/work"},
		{Name: "s", MountPath: "/one", SubPath: "a"}, {Name: "work", MountPath: "/new", SubPath: "made"},
	}}
	for range 2 {
		root := linked(t, p, container, dir)
		if read(t, filepath.Join(root, "work/inner/b")) != "2" || read(t, filepath.Join(root, "one")) != "1" {
			t.Error("a mount holds something else")
		}
		if err := os.WriteFile(filepath.Join(root, "new/file"), []byte("x"), 0o600); err != nil {
			t.Error(err)
		}
	}
	if read(t, filepath.Join(dir, "volumes/work/made/file")) != "x" {
		t.Error("the sub path is not in its volume")
	}
}

func linked(t *testing.T, p *v1.Pod, container *v1.Container, dir string) string {
	t.Helper()
	mounts, err := Mounts(p, container, dir, map[string]string{"NAME": "x", "UP": ".."})
	if err != nil {
		t.Fatal(err)
	}
	root, err := Link(mounts, container.Name, dir)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestAMountPathCannotLeaveTheRoot(t *testing.T) {
	dir := t.TempDir()
	p := pod(v1.Volume{Name: "v", VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}})
	root := linked(t, p, &v1.Container{Name: "c", VolumeMounts: []v1.VolumeMount{{Name: "v", MountPath: "../../../escape"}}}, dir)
	if _, err := os.Lstat(filepath.Join(root, "escape")); err != nil {
		t.Error(err)
	}
	for name, mount := range map[string]v1.VolumeMount{
		"the root":                 {Name: "v", MountPath: "/"},
		"no such volume":           {Name: "other", MountPath: "/x"},
		"a sub path upwards":       {Name: "v", MountPath: "/x", SubPath: "a/../../b"},
		"an expression upwards":    {Name: "v", MountPath: "/x", SubPathExpr: "$(UP)"},
		"an expression of nothing": {Name: "v", MountPath: "/x", SubPathExpr: "a/$(NONE)"},
		"an absolute sub path":     {Name: "v", MountPath: "/x", SubPath: "/etc"},
	} {
		if got, err := Mounts(p, &v1.Container{Name: "d", VolumeMounts: []v1.VolumeMount{mount}}, dir, map[string]string{"UP": ".."}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestSubPathExpressionsTakeTheContainersEnvironment(t *testing.T) {
	dir := t.TempDir()
	p := pod(v1.Volume{Name: "v", VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{}}})
	root := linked(t, p, &v1.Container{Name: "c", VolumeMounts: []v1.VolumeMount{{Name: "v", MountPath: "/m", SubPathExpr: "of-$(NAME)"}}}, dir)
	if err := os.WriteFile(filepath.Join(root, "m/file"), []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if read(t, filepath.Join(dir, "volumes/v/of-x/file")) != "1" {
		t.Error("the sub path is not in its volume")
	}
}

func TestATerminationMessageIsCutAndEmptiedForTheNextAttempt(t *testing.T) {
	dir, container := t.TempDir(), &v1.Container{Name: "c", TerminationMessagePath: "/last/words"}
	root := linked(t, pod(), container, dir)
	long := strings.Repeat("é", 3000)
	if err := os.WriteFile(filepath.Join(root, "last/words"), []byte(long), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := TerminationMessage(dir, "c"); got != long[:4096] {
		t.Errorf("%d bytes", len(got))
	}
	linked(t, pod(), container, dir)
	if got := TerminationMessage(dir, "c"); got != "" {
		t.Errorf("kept %q", got)
	}
}
