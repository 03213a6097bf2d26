package provider

import (
	"slices"

	v1 "k8s.io/api/core/v1"
)

// restarts says whether a container that ended with code is to run again. The container's own rules come first, then its
// own policy, then the pod's; for an init container, Always means until it succeeds.
func restarts(spec *v1.Container, r role, pod v1.RestartPolicy, code int32) bool {
	if r == sidecarRole {
		return true
	}
	if slices.ContainsFunc(spec.RestartPolicyRules, func(rule v1.ContainerRestartRule) bool { return ruleApplies(rule, code) }) {
		return true
	}
	policy := pod
	if spec.RestartPolicy != nil {
		policy = v1.RestartPolicy(*spec.RestartPolicy)
	}
	switch policy {
	case v1.RestartPolicyNever:
		return false
	case v1.RestartPolicyOnFailure:
		return code != 0
	}
	return r == mainRole || code != 0
}

func ruleApplies(rule v1.ContainerRestartRule, code int32) bool {
	if rule.Action != v1.ContainerRestartRuleActionRestart || rule.ExitCodes == nil {
		return false
	}
	named := slices.Contains(rule.ExitCodes.Values, code)
	switch rule.ExitCodes.Operator {
	case v1.ContainerRestartRuleOnExitCodesOpIn:
		return named
	case v1.ContainerRestartRuleOnExitCodesOpNotIn:
		return !named
	}
	return false
}
