package isolation

import (
	"slices"
	"strings"
	"testing"
)

func plan(t *testing.T, c Container) *Plan {
	t.Helper()
	p, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func at(p *Plan, target string) *Mount {
	for n := range p.Mounts {
		if p.Mounts[n].Target == target {
			return &p.Mounts[n]
		}
	}
	return nil
}

func TestAContainerSeesTheSystemItsImageItsVolumesAndWhatIsPrivateToItAndNothingElse(t *testing.T) {
	p := plan(t, Container{ImageDirectories: []string{"/opt/rig", "/opt/rig/bin"}, Volumes: []Volume{{Source: "/data/v", Target: "/work"}}})
	for _, m := range p.Mounts {
		known := m.Kind == System && (slices.Contains(systemMounts, m.Source) || slices.Contains(resolverMounts, m.Source)) ||
			slices.Contains([]string{"/opt/rig", "/opt/rig/bin", "/data/v", ""}, m.Source)
		if !known {
			t.Errorf("unexpected: %+v", m)
		}
	}
	if got := p.Writable(); !slices.Equal(got, []string{"/work", "/tmp", "/home/rig"}) {
		t.Errorf("writable: %v", got)
	}
	if at(p, "/opt/rig").Source != "/opt/rig" || !at(p, "/opt/rig").ReadOnly {
		t.Errorf("%+v", p)
	}
}

func TestWhatTheKubeletWritesIsReadOnlyWhateverTheMountSays(t *testing.T) {
	p := plan(t, Container{Volumes: []Volume{
		{Source: "/data/token", Target: "/var/run/token", Content: true},
		{Source: "/data/kept", Target: "/kept", ReadOnly: true},
		{Source: "/data/part", Target: "/part/", SubPath: "../a/../b"},
	}})
	if m := at(p, "/var/run/token"); !m.ReadOnly || m.Kind != Content {
		t.Errorf("%+v", m)
	}
	if m := at(p, "/kept"); !m.ReadOnly || m.Kind != Shared {
		t.Errorf("%+v", m)
	}
	if m := at(p, "/part"); m.ReadOnly || m.SubPath != "b" {
		t.Errorf("%+v", m)
	}
}

func TestAMountInsideAnotherComesAfterIt(t *testing.T) {
	p := plan(t, Container{Volumes: []Volume{{Source: "/b", Target: "/work/a/b"}, {Source: "/a", Target: "/work"}}})
	index := func(target string) int {
		return slices.IndexFunc(p.Mounts, func(m Mount) bool { return m.Target == target })
	}
	if index("/work") > index("/work/a/b") {
		t.Errorf("%+v", p.Mounts)
	}
}

func TestAVolumeTakesThePlaceOfWhatWouldBeThereOtherwise(t *testing.T) {
	p := plan(t, Container{Volumes: []Volume{{Source: "/v", Target: "/tmp"}}})
	if m := at(p, "/tmp"); m.Source != "/v" || m.Kind != Shared {
		t.Errorf("%+v", m)
	}
}

func TestAVolumeCannotReplaceTheRootTheDevicesOrTheProcesses(t *testing.T) {
	for _, target := range []string{"/", "", "/proc", "/proc/sys", "/sys/fs", "/x/../dev"} {
		if _, err := New(Container{Volumes: []Volume{{Source: "/v", Target: target}}}); err == nil || !strings.Contains(err.Error(), "cannot be mounted") {
			t.Errorf("%q: %v", target, err)
		}
	}
}

func TestAVolumeMayLieAmongTheDevices(t *testing.T) {
	p := plan(t, Container{Volumes: []Volume{{Source: "/v", Target: "/dev/shm"}, {Source: "/f", Target: "/dev/termination-log"}}})
	if at(p, "/dev/shm") == nil || at(p, "/dev/termination-log") == nil {
		t.Errorf("%+v", p)
	}
}

func TestAnImageAtTheRootStandsForTheSystemAlone(t *testing.T) {
	p := plan(t, Container{ImageDirectories: []string{"/", "/proc"}})
	for _, m := range p.Mounts {
		if m.Kind == Image {
			t.Errorf("%+v", m)
		}
	}
}

func TestWithoutANetworkThereIsNoResolver(t *testing.T) {
	if at(plan(t, Container{}), "/etc/resolv.conf") == nil {
		t.Error("no resolver with a network")
	}
	if p := plan(t, Container{LoopbackOnly: true}); at(p, "/etc/resolv.conf") != nil || !p.LoopbackOnly {
		t.Errorf("%+v", p)
	}
}
