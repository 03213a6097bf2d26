package logs

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

const day = "2026-01-02T03:04:0"

func file(t *testing.T, rotated, current string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	for name, text := range map[string]string{path + ".1": rotated, path: current} {
		if text != "" {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return path
}

func ptr(n int64) *int64 { return &n }

func TestOptions(t *testing.T) {
	path := file(t, day+"1Z stdout F one\n", day+"2Z stderr F two\n"+day+"3Z stdout P thr\n"+day+"4Z stdout F ee\n"+day+"5Z stdout F half written")
	since, _ := time.Parse(time.RFC3339, day+"2Z")
	for name, c := range map[string]struct {
		options Options
		want    string
	}{
		"all":        {Options{}, "one\ntwo\nthree\n"},
		"tail 1":     {Options{Tail: ptr(1)}, "three\n"},
		"tail 2":     {Options{Tail: ptr(2)}, "two\nthree\n"},
		"tail 0":     {Options{Tail: ptr(0)}, ""},
		"tail 9":     {Options{Tail: ptr(9)}, "one\ntwo\nthree\n"},
		"since":      {Options{Since: since}, "two\nthree\n"},
		"stderr":     {Options{Stream: "stderr"}, "two\n"},
		"last out":   {Options{Stream: "stdout", Tail: ptr(1)}, "three\n"},
		"limit":      {Options{LimitBytes: ptr(6)}, "one\ntw"},
		"timestamps": {Options{Timestamps: true, Tail: ptr(2)}, day + "2Z two\n" + day + "3Z three\n"},
	} {
		var out bytes.Buffer
		if err := Write(context.Background(), &out, path, ".1", c.options, nil); err != nil || out.String() != c.want {
			t.Errorf("%s: got %q %v, want %q", name, out.String(), err, c.want)
		}
	}
}

func TestALogThatIsNotThereIsEmpty(t *testing.T) {
	var out bytes.Buffer
	if err := Write(context.Background(), &out, filepath.Join(t.TempDir(), "none"), ".1", Options{}, nil); err != nil || out.Len() > 0 {
		t.Fatalf("%q %v", out.String(), err)
	}
}

func TestFollowReadsOnThroughARotationUntilTheContainerEnds(t *testing.T) {
	path := file(t, "", day+"1Z stdout F one\n")
	var finished atomic.Bool
	out := &synced{lines: make(chan string, 10)}
	done := make(chan error, 1)
	go func() {
		done <- Write(context.Background(), out, path, ".1", Options{Follow: true}, finished.Load)
	}()
	out.expect(t, "one\n")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(day+"2Z stdout F two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out.expect(t, "two\n")
	appended, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer appended.Close()
	if _, err := appended.WriteString(day + "3Z stdout F last\n"); err != nil {
		t.Fatal(err)
	}
	finished.Store(true)
	out.expect(t, "last\n")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

type synced struct{ lines chan string }

func (s *synced) Write(data []byte) (int, error) {
	s.lines <- string(data)
	return len(data), nil
}

func (s *synced) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-s.lines:
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("%q did not come", want)
	}
}
