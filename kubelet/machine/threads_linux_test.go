package machine

import "testing"

func TestANodeTakesNoMorePodsThanTheKernelCanNumberTheThreadsOf(t *testing.T) {
	for threads, want := range map[int]int{32_768: 719, 131_072: 3_176, 1_000: 1} {
		if got := podsWithin(threads); got != want {
			t.Errorf("kernel.pid_max %d: %d pods, want %d", threads, got, want)
		}
	}
	if got, want := Pods(110), 110; got != want {
		t.Errorf("110 pods asked, %d taken", got)
	}
	limit, known := podsByThreads()
	if got := Pods(limit + 1); known && got != limit {
		t.Errorf("%d pods asked, %d taken, want %d", limit+1, got, limit)
	}
}
