package probe

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Loop calls check at the probe's period until ctx ends, first after the initial delay counted from startedAt. failed is
// told of each check that failed; turned is told whenever the threshold is reached that makes the container count as
// well or unwell, each time anew while it stays so. Zero values of the probe mean Kubernetes' defaults.
// https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
func Loop(ctx context.Context, p *v1.Probe, startedAt time.Time, check func(context.Context, time.Duration) error,
	failed func(error), turned func(well bool)) {
	timer := time.NewTimer(max(0, time.Until(startedAt.Add(seconds(p.InitialDelaySeconds, 0)))))
	defer timer.Stop()
	period, timeout := seconds(p.PeriodSeconds, 10), seconds(p.TimeoutSeconds, 1)
	t := tally{success: threshold(p.SuccessThreshold, 1), failure: threshold(p.FailureThreshold, 3)}
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		timer.Reset(period)
		err := check(ctx, timeout)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed(err)
		}
		if t.add(err == nil) {
			turned(err == nil)
		}
	}
}

// tally counts equal results in a row.
type tally struct {
	success, failure int32
	well             bool
	inARow           int32
}

// add says whether the result has now come often enough in a row to count.
func (t *tally) add(well bool) bool {
	if well != t.well {
		t.well, t.inARow = well, 0
	}
	t.inARow++
	if well {
		return t.inARow >= t.success
	}
	return t.inARow >= t.failure
}

func seconds(given, usual int32) time.Duration {
	if given <= 0 {
		given = usual
	}
	return time.Duration(given) * time.Second
}

func threshold(given, usual int32) int32 {
	if given <= 0 {
		return usual
	}
	return given
}
