// Command shim is the supervisor of one container; it is a program of its own because there is one for every
// container, and the kubelet's libraries would cost each of them 40 MB.
package main

import (
	"fmt"
	"os"

	"rig.dashecorp.com/kubelet/process"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: shim DIR < specification")
		os.Exit(2)
	}
	if err := process.RunShim(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shim: "+err.Error())
		os.Exit(1)
	}
}
