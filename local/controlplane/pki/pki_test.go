package pki

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func command(t *testing.T, in string, args ...string) map[string]any {
	t.Helper()
	var out bytes.Buffer
	if err := Run(args, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestInitIsSafeToRepeatAndEveryFileIsTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	first := command(t, "", "init", "--dir", dir)
	before, _ := os.ReadFile(filepath.Join(dir, "apiserver.crt"))
	if second := command(t, "", "init", "--dir", dir); second["caPEM"] != first["caPEM"] {
		t.Error("the authority changed")
	}
	if after, _ := os.ReadFile(filepath.Join(dir, "apiserver.crt")); !bytes.Equal(before, after) {
		t.Error("a good certificate was made anew")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 2*len(leaves)+6 {
		t.Errorf("%d files", len(files))
	}
	for _, file := range files {
		if info, _ := os.Stat(file); info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %o", file, info.Mode().Perm())
		}
	}
}

func TestACertificateThatEndsSoonIsMadeAnewAndTheAuthorityStays(t *testing.T) {
	dir := t.TempDir()
	if _, err := initialise(dir, time.Now().Add(-leafLife+renewWithin/2)); err != nil {
		t.Fatal(err)
	}
	old, _ := loadPair(dir, "apiserver")
	ca, _ := loadPair(dir, "ca")
	if _, err := initialise(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	renewed, _ := loadPair(dir, "apiserver")
	sameCA, _ := loadPair(dir, "ca")
	if renewed.cert.Equal(old.cert) || !sameCA.cert.Equal(ca.cert) {
		t.Error("only the leaf must change")
	}
}

func TestADamagedAuthorityIsAnErrorAndNotReplaced(t *testing.T) {
	dir := t.TempDir()
	command(t, "", "init", "--dir", dir)
	if err := os.WriteFile(certFile(dir, "ca"), []byte("cut sh"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := initialise(dir, time.Now()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatal(err)
	}
}

func TestIssuedClientCertificatesVerifyAndEtcdDoesNotKnowThem(t *testing.T) {
	dir := t.TempDir()
	command(t, "", "init", "--dir", dir)
	issued := command(t, "", "issue", "--dir", dir, "--user", "someone", "--group", "a,b", "--ttl", "1h")
	leaf, err := tls.X509KeyPair([]byte(issued["certPEM"].(string)), []byte(issued["keyPEM"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	certificate, _ := x509.ParseCertificate(leaf.Certificate[0])
	if certificate.Subject.CommonName != "someone" || strings.Join(certificate.Subject.Organization, ",") != "a,b" {
		t.Errorf("%s", certificate.Subject)
	}
	verify := func(ca string) error {
		roots := x509.NewCertPool()
		authority, _ := loadPair(dir, ca)
		roots.AddCert(authority.cert)
		_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: client})
		return err
	}
	if err := verify("ca"); err != nil {
		t.Error(err)
	}
	if verify("etcd-ca") == nil {
		t.Error("etcd would let the certificate in")
	}
}

func TestInspectShowsWhatARequestAsksFor(t *testing.T) {
	key, _ := newKey()
	template := &x509.CertificateRequest{Subject: subject("system:node:n", []string{"system:nodes"}), DNSNames: []string{"d"}, IPAddresses: servingAddresses[:1], EmailAddresses: []string{"e@f"}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	got, _ := json.Marshal(command(t, text, "inspect-csr"))
	want := `{"commonName":"system:node:n","dnsNames":["d"],"ipAddresses":["127.0.0.1"],"organizations":["system:nodes"],"others":1}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
	if err := Run([]string{"inspect-csr"}, strings.NewReader("no PEM"), &bytes.Buffer{}); err == nil {
		t.Error("no PEM must be an error")
	}
}
