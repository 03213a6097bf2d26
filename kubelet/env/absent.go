package env

import "fmt"

const (
	configMap = "ConfigMap"
	secret    = "Secret"
)

// Absent is an object, or a key of one, that a container's environment names and that is not there. As an error it wraps
// the API server's answer or a MissingKeyError.
type Absent struct {
	// Kind is ConfigMap or Secret.
	Kind, Name string
	// Key is empty when the whole object is absent.
	Key string
	// Optional: the container starts without it.
	Optional bool
	cause    error
}

// Reason is that of an event about it: the one by which users of virtual-kubelet know it.
func (a *Absent) Reason() string {
	reason := "Mandatory"
	if a.Optional {
		reason = "Optional"
	}
	reason += a.Kind
	if a.Key != "" {
		reason += "Key"
	}
	return reason + "NotFound"
}

func (a *Absent) Error() string { return a.cause.Error() }

func (a *Absent) Unwrap() error { return a.cause }

// MissingKeyError says that an object exists without a key that a pod needs; it may be added later.
type MissingKeyError struct{ Kind, Name, Key string }

func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("the %s %q has no key %q", e.Kind, e.Name, e.Key)
}

func isTrue(flag *bool) bool { return flag != nil && *flag }
