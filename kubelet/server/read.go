package server

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/prometheus/common/expfmt"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// servePods lists the pods of this node that are wanted.
func servePods(backend Backend, wanted func(*v1.Pod) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		pods, err := backend.GetPods(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		list := v1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: []v1.Pod{}}
		for _, pod := range pods {
			if wanted(pod) {
				list.Items = append(list.Items, *pod)
			}
		}
		writeJSON(w, list)
	}
}

// isRunning: some container of the pod runs now, whatever its phase.
func isRunning(pod *v1.Pod) bool {
	return slices.ContainsFunc(slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses), func(s v1.ContainerStatus) bool {
		return s.State.Running != nil
	})
}

func serveSummary(measures Measures) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		summary, err := measures.Summary(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		writeJSON(w, summary)
	}
}

func serveResource(measures Measures) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		families, err := measures.Resource(r.Context())
		if err != nil {
			refuse(w, err)
			return
		}
		format := expfmt.NewFormat(expfmt.TypeTextPlain)
		w.Header().Set("Content-Type", string(format))
		encoder := expfmt.NewEncoder(w, format)
		for _, family := range families {
			if encoder.Encode(family) != nil {
				return
			}
		}
	}
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
