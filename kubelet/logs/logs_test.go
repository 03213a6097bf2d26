package logs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
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
		if err := Write(context.Background(), &out, path, c.options, nil); err != nil || out.String() != c.want {
			t.Errorf("%s: got %q %v, want %q", name, out.String(), err, c.want)
		}
	}
}

func TestALogThatIsNotThereIsEmpty(t *testing.T) {
	var out bytes.Buffer
	if err := Write(context.Background(), &out, filepath.Join(t.TempDir(), "none"), Options{}, nil); err != nil || out.Len() > 0 {
		t.Fatalf("%q %v", out.String(), err)
	}
}

func TestFollowReadsOnThroughARotationUntilTheContainerEnds(t *testing.T) {
	path := file(t, "", day+"1Z stdout F one\n")
	var finished atomic.Bool
	out := &synced{lines: make(chan string, 10)}
	done := make(chan error, 1)
	go func() {
		done <- Write(context.Background(), out, path, Options{Follow: true}, finished.Load)
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

func TestALogIsRotatedBySizeAndCountAndReadAsOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w, err := Open(path, Rotation{MaxBytes: 200, MaxFiles: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var lines []string
	for n := range 40 {
		lines = append(lines, fmt.Sprintf("line %d", n))
	}
	w.Copy("stdout", strings.NewReader(strings.Join(lines, "\n")+"\n"))
	if got := len(Paths(path)); got != 3 {
		t.Errorf("%d files", got)
	}
	for _, file := range Paths(path) {
		if info, err := os.Stat(file); err != nil || info.Size() > 200 {
			t.Errorf("%s: %v %v", file, info, err)
		}
	}
	all, err := printed(path, Options{})
	if err != nil || !strings.HasSuffix(strings.Join(lines, "\n")+"\n", all) || strings.Count(all, "\n") < 7 {
		t.Errorf("%q %v", all, err)
	}
	if got, err := printed(path, Options{Tail: ptr(6)}); err != nil || got != strings.Join(lines[34:], "\n")+"\n" {
		t.Errorf("tail over files: %q %v", got, err)
	}
}

func printed(path string, options Options) (string, error) {
	var out bytes.Buffer
	err := Write(context.Background(), &out, path, options, nil)
	return out.String(), err
}

func TestFollowMissesNothingHoweverOftenTheLogIsRotatedMeanwhile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w, err := Open(path, Rotation{MaxBytes: 400, MaxFiles: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var want bytes.Buffer
	for n := range 500 {
		fmt.Fprintf(&want, "line %d\n", n)
	}
	var finished atomic.Bool
	go func() {
		w.Copy("stdout", iotest.OneByteReader(bytes.NewReader(want.Bytes())))
		finished.Store(true)
	}()
	var out bytes.Buffer
	for len(Paths(path)) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := Write(context.Background(), &out, path, Options{Follow: true}, finished.Load); err != nil || out.String() != want.String() {
		t.Errorf("%v: got %d of %d bytes", err, out.Len(), want.Len())
	}
}

func TestALongLineIsOneLineToItsReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	w, err := Open(path, Rotation{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	long := strings.Repeat("x", 3*maxLineBytes+7) + "\n"
	w.Copy("stderr", strings.NewReader(long))
	if got, err := printed(path, Options{Stream: "stderr"}); err != nil || got != long {
		t.Errorf("%d of %d bytes, %v", len(got), len(long), err)
	}
}
