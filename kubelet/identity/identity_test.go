package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/keyutil"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func store(t *testing.T, i *Identity, name, commonName string, from, to time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName}, NotBefore: from, NotAfter: to,
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyPEM, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := replace(i.keyFile(name), keyPEM); err != nil {
		t.Fatal(err)
	}
	if err := replace(i.certFile(name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})); err != nil {
		t.Fatal(err)
	}
}

func identity(t *testing.T) *Identity {
	bootstrap := &rest.Config{Host: "https://127.0.0.1:1", TLSClientConfig: rest.TLSClientConfig{CAData: []byte("one cluster")}}
	return &Identity{Dir: t.TempDir(), Node: "n", Bootstrap: bootstrap, Now: func() time.Time { return now }}
}

func TestACertificateIsJudgedByItsNameAndWhatIsLeftOfItsLife(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		commonName string
		from, to   time.Time
		want       state
	}{
		"fresh":                  {"system:node:n", now.Add(-day), now.Add(9 * day), good},
		"a fifth left":           {"system:node:n", now.Add(-9 * day), now.Add(day), endsSoon},
		"over":                   {"system:node:n", now.Add(-9 * day), now.Add(-day), missing},
		"the name of some other": {"system:node:m", now.Add(-day), now.Add(9 * day), missing},
	} {
		i := identity(t)
		store(t, i, "client", c.commonName, c.from, c.to)
		if got := i.inspect("client"); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	if got := identity(t).inspect("client"); got != missing {
		t.Errorf("none: got %d", got)
	}
}

func TestAGoodCertificateIsUsedWithoutAsking(t *testing.T) {
	i := identity(t)
	if err := i.forgetOtherCluster(); err != nil {
		t.Fatal(err)
	}
	store(t, i, "client", "system:node:n", now.Add(-time.Hour), now.Add(24*time.Hour))
	config, err := i.Client(context.Background())
	if err != nil || config.CertFile != i.certFile("client") || config.BearerToken != "" {
		t.Fatalf("%v %+v", err, config)
	}
}

func TestCertificatesOfAnotherClusterAreForgotten(t *testing.T) {
	i := identity(t)
	if err := i.forgetOtherCluster(); err != nil {
		t.Fatal(err)
	}
	store(t, i, "client", "system:node:n", now.Add(-time.Hour), now.Add(24*time.Hour))
	if err := i.forgetOtherCluster(); err != nil || i.inspect("client") != good {
		t.Fatal("the same cluster's certificate must stay")
	}
	i.Bootstrap.CAData = []byte("another cluster")
	if err := i.forgetOtherCluster(); err != nil || i.inspect("client") != missing {
		t.Fatal("the other cluster's certificate must go")
	}
}

func TestKeysAreTheOwnersAlone(t *testing.T) {
	i := identity(t)
	store(t, i, "client", "system:node:n", now, now.Add(time.Hour))
	files, _ := filepath.Glob(filepath.Join(i.Dir, "client.*"))
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", file, info.Mode(), err)
		}
	}
}

func TestAServingCertificateForAnotherAddressIsNotUsed(t *testing.T) {
	i := identity(t)
	if i.isFor("127.0.0.1") {
		t.Fatal("there is none")
	}
	store(t, i, "serving", "system:node:n", now.Add(-time.Hour), now.Add(24*time.Hour))
	if !i.isFor("127.0.0.1") || i.isFor("192.0.2.1") {
		t.Fatal("the address does not count")
	}
}
