import type { Issue } from '#crds';
import { type Finding, type Grade, isHigher, type Tier } from '#domain';

/** A grade raised to what a person or the conductor has said of the issue, as the conductor and the verifier raise it: neither ever falls. */
export function raisedByFloor(grade: Grade, issue: Issue): Grade {
  const floors = floorsOf(issue, grade.tier).filter(({ tier }) => isHigher(tier, grade.tier));
  const [first, ...more] = floors;
  if (first === undefined) return grade;
  const { tier, rule, path, reason } = more.reduce((top, one) => (isHigher(one.tier, top.tier) ? one : top), first);
  return { tier, taskClass: grade.taskClass, rule, path, reason, findings: [...grade.findings, ...floors] };
}

type Floor = Finding & { readonly tier: Tier };

function floorsOf({ metadata, spec, status }: Issue, by: Tier): Floor[] {
  const floor = (tier: Tier | undefined, reason: string): Floor[] =>
    tier === undefined ? [] : [{ rule: 'built-in/floor', tier, taskClass: null, path: null, reason }];
  const { issueTier, effectiveTier, tierReason } = status ?? {};
  // The status has one reason: where the change is graded higher, it is the change's.
  const why =
    issueTier === effectiveTier && tierReason !== undefined
      ? tierReason
      : `/rig tier of a person, or the rules of that time; rig events ${metadata.name} has it. Graded by itself it is ${by}.`;
  return [
    ...floor(spec.tier, `A person set the floor to ${spec.tier} in spec.tier; graded by itself it is ${by}.`),
    ...floor(issueTier, `The conductor graded the issue ${issueTier}, and that does not fall: ${why}`),
  ];
}
