package provider

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
)

func TestWhoRunsAgainAfterWhichEnd(t *testing.T) {
	policy := func(p v1.ContainerRestartPolicy, rules ...v1.ContainerRestartRule) *v1.Container {
		return &v1.Container{RestartPolicy: &p, RestartPolicyRules: rules}
	}
	rule := func(operator v1.ContainerRestartRuleOnExitCodesOperator, codes ...int32) v1.ContainerRestartRule {
		return v1.ContainerRestartRule{
			Action: v1.ContainerRestartRuleActionRestart, ExitCodes: &v1.ContainerRestartRuleOnExitCodes{Operator: operator, Values: codes},
		}
	}
	in, notIn := v1.ContainerRestartRuleOnExitCodesOpIn, v1.ContainerRestartRuleOnExitCodesOpNotIn
	plain := &v1.Container{}
	for name, c := range map[string]struct {
		spec                *v1.Container
		role                role
		pod                 v1.RestartPolicy
		afterZero, afterTwo bool
	}{
		"a main one under Always":                {plain, mainRole, v1.RestartPolicyAlways, true, true},
		"a main one under OnFailure":             {plain, mainRole, v1.RestartPolicyOnFailure, false, true},
		"a main one under Never":                 {plain, mainRole, v1.RestartPolicyNever, false, false},
		"an init one under Always":               {plain, initRole, v1.RestartPolicyAlways, false, true},
		"an init one under Never":                {plain, initRole, v1.RestartPolicyNever, false, false},
		"a sidecar under Never":                  {policy(v1.ContainerRestartPolicyAlways), sidecarRole, v1.RestartPolicyNever, true, true},
		"its own OnFailure before the pod's":     {policy(v1.ContainerRestartPolicyOnFailure), mainRole, v1.RestartPolicyNever, false, true},
		"its own Never before the pod's":         {policy(v1.ContainerRestartPolicyNever), mainRole, v1.RestartPolicyAlways, false, false},
		"a rule before its policy":               {policy(v1.ContainerRestartPolicyNever, rule(in, 1, 2)), mainRole, v1.RestartPolicyNever, false, true},
		"a rule for other codes":                 {policy(v1.ContainerRestartPolicyNever, rule(in, 3)), mainRole, v1.RestartPolicyNever, false, false},
		"a rule for all codes but one":           {policy(v1.ContainerRestartPolicyNever, rule(notIn, 2)), mainRole, v1.RestartPolicyNever, true, false},
		"a rule with an operator nobody defined": {policy(v1.ContainerRestartPolicyNever, rule("Near", 2)), mainRole, v1.RestartPolicyNever, false, false},
	} {
		if got := restarts(c.spec, c.role, c.pod, 0); got != c.afterZero {
			t.Errorf("%s, after 0: %v", name, got)
		}
		if got := restarts(c.spec, c.role, c.pod, 2); got != c.afterTwo {
			t.Errorf("%s, after 2: %v", name, got)
		}
	}
}

func TestRestartsWaitTwiceAsLongEachTimeUntilARunLastedLongEnough(t *testing.T) {
	waits := restartDelay{Backoff: DefaultBackoff}
	for n, want := range []time.Duration{0, 10, 20, 40, 80, 160, 300, 300} {
		if got := waits.after(time.Second); got != want*time.Second {
			t.Errorf("restart %d waits %s, want %s", n+1, got, want*time.Second)
		}
	}
	if got := waits.after(DefaultBackoff.ForgottenAfter); got != 0 {
		t.Errorf("after a long run: %s", got)
	}
	if got := waits.after(time.Second); got != 10*time.Second {
		t.Errorf("after a long and a short run: %s", got)
	}
}
