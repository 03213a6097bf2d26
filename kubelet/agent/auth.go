package agent

import (
	"os"

	"github.com/virtual-kubelet/virtual-kubelet/node/nodeutil"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/klog/v2"

	"rig.dashecorp.com/kubelet/identity"
)

// clientCA lets callers in by a client certificate of the authority in file, else of the one that signed the node's own;
// without either only tokens count.
func clientCA(file string, id *identity.Identity) nodeutil.WebhookAuthOption {
	return func(config *nodeutil.WebhookAuthConfig) error {
		read := id.CallersCA
		if file != "" {
			read = func() ([]byte, error) { return os.ReadFile(file) }
		}
		authorities, err := read()
		if err != nil {
			return err
		}
		if len(authorities) == 0 {
			klog.InfoS("The authority of the API server did not sign this node's certificate: callers are known by tokens alone, unless --client-ca-file names an authority")
			return nil
		}
		config.AuthnConfig.ClientCertificateCAContentProvider, err = dynamiccertificates.NewStaticCAContent("callers", authorities)
		return err
	}
}
