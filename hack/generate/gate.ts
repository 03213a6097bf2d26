import { gateCases } from '../../domain/gate/cases/index.ts';
import type { GateName } from '../../domain/gate/types.ts';
import { table } from './sections.ts';

/** The rows of the gate in the order they are asked, and when each passes. */
const rows: Readonly<Record<GateName, string>> = {
  target:
    'The pull request is open, no draft, from the repository itself onto the default branch, from the branch of the newest work claim or opened by a person with write permission, and its head is the one that the decision is about.',
  provenance:
    'The head came through the git gateway under the newest work claim that pushed, or a person with write permission pushed it.',
  linked:
    'Merging closes this issue and nothing else: no closing keyword of another issue, and no marker that keeps CI from running, in title or commits.',
  ci: 'Every required check, by its name and App, concluded with `success` on exactly this head for this branch, in its latest attempt. No check required is success only where the Repository says `none`.',
  review:
    'A reviewer Agent or a person with write permission approved exactly this head, who neither opened the pull request, nor has a commit in it, nor pushed to its branch or one of its commits to another, nor shares an account with a developer Agent; and nobody whose word counts asks for changes. At T3 only the approval of a person counts.',
  threads:
    "Every thread of a reviewer Agent is resolved, by whomever; every thread of a person with write permission, by that person. Other people's and bots' threads do not count.",
  labels: 'None of `spec.blockLabels` is on the pull request, in whatever letters.',
  mergeable:
    'The forge says now that it merges, without a merge queue of its own; from T1 up the head contains the tip of the base.',
  tier: 'The work and its change are graded by the rules of now, and what the tier asks is there (`tiers.*.gates` of the TierPolicy): at T3, and where it says `mergeApproval`, the signature of a listed person over exactly this head; where it says `interfaceApproval`, one over the plan. Below T3 the Agent that made the change is trusted with it by now, or a person approved its dispatch; and it is not suspended, or a person signed this head. Every signature is verified once more right before the merge.',
  slo: 'Production stands the change, as far as its tier asks (`tiers.*.gates` of the TierPolicy): every query of `spec.slo` keeps its bounds, every error budget is held and does not burn too fast, each told by exactly one finite number not older than a minute; or the Repository says `slo: none`.',
  attestors:
    'As many listed people and listed machines have vouched for the change as its tier asks for (`tiers.*.attestors` of the TierPolicy): people by an Approval of its interface or of its merge, machines by a signature over exactly this head.',
  freshness: 'The change was made for the issue as it stands.',
  enforced:
    'The ruleset of the forge holds what the Repository asks, and nobody may bypass it; or the Repository says why it does without.',
  approved:
    'The App of the verifier reported the check `rig/approval` with `success` on exactly this head, last of all. A check of that name by another App does not count.',
};

const verdicts = { pass: 'passes', wait: 'waits', fail: 'fails', unknown: 'unknown' } as const;

/** `docs/merge-gate.md`: the case table of the merge gate, which is its specification. */
export function gateDocument(): string {
  const sections = Object.entries(rows).map(([gate, passes]) => {
    const cases = gateCases.filter((row) => row.gate === gate);
    const lines = cases.map(({ name, state, reason }) => [name, verdicts[state], `\`${reason}\``]);
    return `## ${gate}\n${passes}\n\n${table(['case', 'verdict', 'reason'], lines)}\n`;
  });
  return `<!-- Generated from domain/gate/cases by hack/generate. Do not edit. -->
# The merge gate

A pull request is merged when every row below passes, decided on a live reading of it and of the rules of its branch. The call leaves at
most two seconds after the older of these two answers came in (the forge may take ten seconds to give both) and not before what deliveries have told
of the pull request meanwhile passes every row as well. It names the head that was decided on; the forge refuses it when the head has moved.

**fails**: somebody has to act. **waits**: time or a machine settles it. **unknown**: it could not be read, and unknown never passes.
\`rig why ISSUE\` prints the one most useful missing thing and then the rest; so do \`WHY\` of \`kubectl get issues\` and \`status.gates\`.
Each case is a change to a world in which every row passes, and one test of \`domain/gate/gate.test.ts\` (${gateCases.length} in all).

${sections.join('\n')}`;
}
