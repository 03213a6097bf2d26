package provider

import (
	"sync"
	"time"
)

// fuse is a moment that can only come nearer: the end of somebody's patience.
type fuse struct {
	mu    sync.Mutex
	at    time.Time
	timer *time.Timer
	blown chan struct{}
	// instant: it was lit with no time at all, so not even a last moment is granted.
	instant bool
}

func newFuse() *fuse { return &fuse{blown: make(chan struct{})} }

// light lets the fuse blow after the given time, unless it blows earlier anyway.
func (f *fuse) light(after time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := time.Now().Add(after)
	if f.timer != nil && !at.Before(f.at) {
		return
	}
	f.at, f.instant = at, f.instant || after <= 0
	if f.timer == nil {
		f.timer = time.AfterFunc(after, func() { close(f.blown) })
		return
	}
	// A timer that could not be stopped has blown the fuse already.
	if f.timer.Stop() {
		f.timer = time.AfterFunc(after, func() { close(f.blown) })
	}
}

// done is closed when the fuse has blown.
func (f *fuse) done() <-chan struct{} { return f.blown }

func (f *fuse) isInstant() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.instant
}
