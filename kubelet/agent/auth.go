package agent

import (
	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/rest"
)

// clientCA lets callers in by a client certificate of the cluster's authority; without it only tokens count.
func clientCA(cluster *rest.Config) nodeutil.WebhookAuthOption {
	return func(config *nodeutil.WebhookAuthConfig) error {
		var provider dynamiccertificates.CAContentProvider
		var err error
		if len(cluster.CAData) > 0 {
			provider, err = dynamiccertificates.NewStaticCAContent("cluster", cluster.CAData)
		} else {
			provider, err = dynamiccertificates.NewDynamicCAContentFromFile("cluster", cluster.CAFile)
		}
		config.AuthnConfig.ClientCertificateCAContentProvider = provider
		return err
	}
}
