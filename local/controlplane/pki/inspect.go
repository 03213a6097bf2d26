package pki

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
)

// Request is what a certificate request asks for, as an approver has to see it.
type Request struct {
	CommonName    string   `json:"commonName"`
	Organizations []string `json:"organizations"`
	DNSNames      []string `json:"dnsNames"`
	IPAddresses   []string `json:"ipAddresses"`
	// Others counts subject alternative names of any other sort (mail addresses, URIs).
	Others int `json:"others"`
}

func inspect(in io.Reader) (*Request, error) {
	data, err := io.ReadAll(io.LimitReader(in, 64<<10))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, fmt.Errorf("standard input holds no PEM block of type CERTIFICATE REQUEST")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("the request is not signed by its own key: %w", err)
	}
	request := &Request{
		CommonName:    csr.Subject.CommonName,
		Organizations: append([]string{}, csr.Subject.Organization...),
		DNSNames:      append([]string{}, csr.DNSNames...),
		IPAddresses:   []string{},
		Others:        len(csr.EmailAddresses) + len(csr.URIs),
	}
	for _, ip := range csr.IPAddresses {
		request.IPAddresses = append(request.IPAddresses, ip.String())
	}
	return request, nil
}
