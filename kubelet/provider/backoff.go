package provider

import "time"

// Backoff says how long a container that ends is kept waiting before it runs again.
type Backoff struct {
	// First is the wait before the second restart (the first comes at once); each later one is twice as long, up to Longest.
	First, Longest time.Duration
	// ForgottenAfter is how long a container must have run for its earlier ends to count no longer.
	ForgottenAfter time.Duration
}

// DefaultBackoff is the kubelet's: 10 s doubling to 5 min, forgotten after 10 min.
// https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
var DefaultBackoff = Backoff{First: 10 * time.Second, Longest: 5 * time.Minute, ForgottenAfter: 10 * time.Minute}

// restartDelay is one container's place in the series.
type restartDelay struct {
	Backoff
	next time.Duration
}

// after returns the wait that follows a run of the given length.
func (d *restartDelay) after(ran time.Duration) time.Duration {
	if ran >= d.ForgottenAfter {
		d.next = 0
	}
	wait := d.next
	d.next = min(max(d.next*2, d.First), d.Longest)
	return wait
}
