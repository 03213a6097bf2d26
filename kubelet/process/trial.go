package process

import (
	"fmt"
	"os"
	"time"

	"rig.dashecorp.com/kubelet/isolation"
)

// trialWithin bounds the trial on a machine that is busy.
const trialWithin = 20 * time.Second

// Trial runs a shell behind the wall and says why that does not work on this machine. Its files, made in dir, are removed.
func Trial(shim, dir string, c isolation.Container) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	at, err := os.MkdirTemp(dir, "trial-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(at)
	plan, err := isolation.New(c)
	if err != nil {
		return err
	}
	trial, err := Start(shim, at, Spec{Argv: []string{"/bin/sh", "-c", ":"}, Dir: "/", Isolation: plan})
	if err != nil {
		return err
	}
	select {
	case <-trial.Done():
	case <-time.After(trialWithin):
		trial.Kill()
		<-trial.Done()
	}
	if exit := trial.Exit(); exit == nil || exit.Code != 0 {
		return fmt.Errorf("a shell did not run behind it: %+v", exit)
	}
	return nil
}
