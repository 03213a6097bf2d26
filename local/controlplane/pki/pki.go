// Package pki is the certificate authority of a control plane on one machine.
package pki

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

const usage = "usage: pki init|issue|inspect-csr [flags]"

// Run executes one subcommand and writes one JSON object to out:
//
//	init --dir D                                 makes what is missing in D, renews what ends within 30 days; {"caPEM"}
//	issue --dir D --user U [--group G,…] --ttl T a client certificate that is written nowhere; {"certPEM","keyPEM"}
//	inspect-csr                                  reads a PEM certificate request from in; its Request
func Run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("%s", usage)
	}
	result, err := dispatch(args[0], args[1:], in)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

func dispatch(command string, args []string, in io.Reader) (any, error) {
	flags := flag.NewFlagSet("pki "+command, flag.ContinueOnError)
	dir := flags.String("dir", "", "directory of keys and certificates")
	user := flags.String("user", "", "common name of a client certificate")
	groups := flags.String("group", "", "comma separated organisations of a client certificate")
	ttl := flags.Duration("ttl", 24*time.Hour, "life of a client certificate")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch command {
	case "init":
		return initialise(*dir, time.Now())
	case "issue":
		return issue(*dir, subject(*user, split(*groups)), *ttl, time.Now())
	case "inspect-csr":
		return inspect(in)
	}
	return nil, fmt.Errorf("unknown command %q; %s", command, usage)
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
