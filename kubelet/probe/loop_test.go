package probe

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
)

// play runs the loop over results, w for well and u for unwell, and returns what it told when: in seconds.
func play(t *testing.T, p *v1.Probe, results string) (turns []string, failures int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		begun, next := time.Now(), 0
		Loop(ctx, p, begun, func(_ context.Context, timeout time.Duration) error {
			if next == len(results) {
				cancel()
				return nil
			}
			next++
			if results[next-1] == 'u' {
				return errors.New(timeout.String())
			}
			return nil
		}, func(error) { failures++ }, func(well bool) {
			word := "unwell"
			if well {
				word = "well"
			}
			turns = append(turns, word+"@"+time.Since(begun).String())
		})
	})
	return turns, failures
}

func TestThresholdsCountEqualResultsInARow(t *testing.T) {
	for name, c := range map[string]struct {
		probe         v1.Probe
		results, want string
		failures      int
	}{
		"defaults: every 10 s, three failures": {v1.Probe{}, "wuuwuuu", "well@0s well@30s unwell@1m0s", 5},
		"initial delay":                        {v1.Probe{InitialDelaySeconds: 7, PeriodSeconds: 1}, "w", "well@7s", 0},
		"told anew while it stays":             {v1.Probe{PeriodSeconds: 1, FailureThreshold: 1}, "uu", "unwell@0s unwell@1s", 2},
		"two successes":                        {v1.Probe{PeriodSeconds: 1, SuccessThreshold: 2}, "wuww", "well@3s", 1},
	} {
		turns, failures := play(t, &c.probe, c.results)
		if got := strings.Join(turns, " "); got != c.want || failures != c.failures {
			t.Errorf("%s: %s, %d failures", name, got, failures)
		}
	}
}

func TestACheckInterruptedByTheEndOfTheContainerIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	Loop(ctx, &v1.Probe{}, time.Now(), func(context.Context, time.Duration) error {
		cancel()
		return errors.New("the container has ended")
	}, func(err error) { t.Error(err) }, func(bool) { t.Error("turned") })
}
