package volumes

import (
	"context"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// tokens keeps what was issued, so that writing a volume anew does not ask for another token before it is time.
type tokens struct {
	mu   sync.Mutex
	pods map[types.UID]map[tokenKey]issued
}

type tokenKey struct {
	audience string
	seconds  int64
}

type issued struct {
	value string
	renew time.Time
}

// get returns a token and when it has to be renewed: at four fifths of its life, as the kubelet does.
func (t *tokens) get(ctx context.Context, objects Objects, pod *v1.Pod, source *v1.ServiceAccountTokenProjection, now time.Time) (issued, error) {
	key := tokenKey{audience: source.Audience}
	if source.ExpirationSeconds != nil {
		key.seconds = *source.ExpirationSeconds
	}
	t.mu.Lock()
	have, ok := t.pods[pod.UID][key]
	t.mu.Unlock()
	if ok && now.Before(have.renew) {
		return have, nil
	}
	token, err := objects.Token(ctx, pod, source.Audience, source.ExpirationSeconds)
	if err != nil {
		return issued{}, err
	}
	fresh := issued{value: token.Value, renew: now.Add(token.Expires.Sub(now) * 4 / 5)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pods == nil {
		t.pods = map[types.UID]map[tokenKey]issued{}
	}
	if t.pods[pod.UID] == nil {
		t.pods[pod.UID] = map[tokenKey]issued{}
	}
	t.pods[pod.UID][key] = fresh
	return fresh, nil
}

// Forget drops what is known of a pod that is gone.
func (m *Manager) Forget(uid types.UID) {
	m.tokens.mu.Lock()
	defer m.tokens.mu.Unlock()
	delete(m.tokens.pods, uid)
}
