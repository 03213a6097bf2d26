// Command controlplane carries a whole Kubernetes control plane, kubectl and a small certificate
// authority in one binary. The first argument chooses the program.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"rig.dashecorp.com/controlplane/etcd"
	"rig.dashecorp.com/controlplane/parent"
	"rig.dashecorp.com/controlplane/pki"
)

const usage = "usage: controlplane etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubectl|pki [arguments]"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	program := os.Args[1]
	// Each program reads os.Args itself and takes its own name from the first element.
	os.Args = append([]string{program}, os.Args[2:]...)
	os.Exit(run(program))
}

func run(program string) int {
	switch program {
	case "etcd":
		parent.Watch(parent.Terminate)
		return report(etcd.Run(os.Args[1:]))
	case "kube-apiserver":
		parent.Watch(parent.Exit)
		return cli.Run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		parent.Watch(parent.Exit)
		return cli.Run(controllers.NewControllerManagerCommand())
	case "kube-scheduler":
		parent.Watch(parent.Exit)
		return cli.Run(scheduler.NewSchedulerCommand())
	case "kubectl":
		return kubectl()
	case "pki":
		return report(pki.Run(os.Args[1:], os.Stdin, os.Stdout))
	}
	fmt.Fprintf(os.Stderr, "controlplane: unknown program %q; %s\n", program, usage)
	return 2
}

func kubectl() int {
	command := cmd.NewDefaultKubectlCommand()
	if err := cli.RunNoErrOutput(command); err != nil {
		util.CheckErr(err) // prints as kubectl does and exits with kubectl's code
		return 1
	}
	return 0
}

func report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
	return 1
}
