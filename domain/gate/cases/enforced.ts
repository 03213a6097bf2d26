import { known, unknown } from '../../facts.ts';
import { NOON } from '../../testing/facts.ts';
import type { GateCase } from '../../testing/gate.ts';
import { type BranchRules, compareRules, type RulesetFacts, type RuleWish, wantedRules } from '../ruleset.ts';

const gate = 'enforced';
const passes = { gate, state: 'pass', reason: 'Passed' } as const;
const differs = { gate, state: 'fail', reason: 'GateNotEnforced' } as const;
const untold = { gate, state: 'unknown', reason: 'GateNotEnforced' } as const;

export const wish: RuleWish = {
  branch: 'main',
  checks: [{ name: 'test', app: 'github-actions' }],
  codeOwners: false,
  mergeMethod: 'squash',
  attested: null,
};

/** A ruleset that holds all that is asked, with the changes of a case. */
export function ruleset(over: Partial<RulesetFacts> = {}, asked: RuleWish = wish): RulesetFacts {
  return { id: 9, name: 'rig', updatedAt: '2026-03-01T00:00:00Z', bypass: 'nobody', ...wantedRules(asked), ...over };
}

const pull = wantedRules(wish).pullRequest!;
const onPull = (over: Partial<typeof pull>) => ruleset({ pullRequest: { ...pull, ...over } });

/** What the gate is told where the forge has these rulesets and the Repository asks for that. */
const held = (rulesets: BranchRules['rulesets'], asked: Partial<RuleWish> = {}) => ({
  input: { enforcement: known(compareRules({ ...wish, ...asked }, { rulesets }), NOON) },
});

const { deletion, nonFastForward, ...rest } = wantedRules(wish);
const bare = { deletion: false, nonFastForward: false, pullRequest: null, checks: [] };
const seen = { id: 9, updatedAt: '2026-03-01T00:00:00Z' };

/** What the forge itself holds a merge to. */
export const enforcedCases: readonly GateCase[] = [
  { name: 'one ruleset holds all that is asked', ...held([ruleset()]), ...passes },
  {
    name: 'two rulesets hold together what is asked',
    ...held([ruleset({ ...bare, deletion, nonFastForward }), ruleset({ ...rest, id: 10 })]),
    ...passes,
  },
  {
    name: 'the Repository says why it does without',
    input: { enforcement: known({ state: 'waived', because: 'The plan has none.' }, NOON) },
    ...passes,
  },
  { name: 'no ruleset at all', ...held([]), ...differs },
  { name: 'a ruleset without any rule that is asked', ...held([ruleset(bare)]), ...differs },
  { name: 'the branch may be deleted', ...held([ruleset({ deletion: false })]), ...differs },
  { name: 'the branch may be pushed to by force', ...held([ruleset({ nonFastForward: false })]), ...differs },
  { name: 'commits without a pull request are taken', ...held([ruleset({ pullRequest: null })]), ...differs },
  { name: 'no approval is required', ...held([onPull({ approvals: 0 })]), ...differs },
  { name: 'two approvals are required', ...held([onPull({ approvals: 2 })]), ...differs },
  { name: 'an approval outlives a push', ...held([onPull({ dismissStale: false })]), ...differs },
  { name: 'the last pusher may approve', ...held([onPull({ lastPush: false })]), ...differs },
  { name: 'open threads do not hold a merge', ...held([onPull({ threads: false })]), ...differs },
  { name: 'code owners are wanted and not required', ...held([ruleset()], { codeOwners: true }), ...differs },
  {
    name: 'code owners are wanted and required',
    ...held([onPull({ codeOwners: true })], { codeOwners: true }),
    ...passes,
  },
  { name: 'code owners are required and not wanted', ...held([onPull({ codeOwners: true })]), ...differs },
  { name: 'the way to merge is forbidden', ...held([onPull({ mergeMethods: ['rebase'] })]), ...differs },
  {
    name: 'the way to merge is one of those that are left',
    ...held([onPull({ mergeMethods: ['squash', 'merge'] })]),
    ...passes,
  },
  { name: 'a required check is not required by the forge', ...held([ruleset({ checks: [] })]), ...differs },
  {
    name: 'the check is required of any App',
    ...held([ruleset({ checks: [{ name: 'test', app: null }] })]),
    ...differs,
  },
  {
    name: 'the check is required of another App',
    ...held([ruleset({ checks: [{ name: 'test', app: 'mallory-ci' }] })]),
    ...differs,
  },
  {
    name: 'the forge requires a check that the Repository does not list',
    ...held([ruleset({ checks: [...wish.checks, { name: 'nightly', app: 'github-actions' }] })]),
    ...differs,
  },
  {
    name: 'neither forge nor Repository requires a check',
    ...held([ruleset({ checks: [] })], { checks: [] }),
    ...passes,
  },
  { name: 'somebody may bypass the ruleset', ...held([ruleset({ bypass: 'somebody' })]), ...differs },
  {
    name: 'somebody may bypass another ruleset of the branch',
    ...held([ruleset(), ruleset({ id: 10, bypass: 'somebody' })]),
    ...passes,
  },
  { name: 'who may bypass the ruleset is not shown', ...held([ruleset({ bypass: 'hidden' })]), ...untold },
  {
    name: 'who may bypass the ruleset is not shown, and a person saw it as it is',
    ...held([ruleset({ bypass: 'hidden' })], { attested: seen }),
    ...passes,
  },
  {
    name: 'who may bypass the ruleset is not shown, and it was changed since a person saw it',
    ...held([ruleset({ bypass: 'hidden', updatedAt: '2026-03-02T00:00:00Z' })], { attested: seen }),
    ...untold,
  },
  {
    name: 'who may bypass the ruleset is not shown, and a person saw another one',
    ...held([ruleset({ bypass: 'hidden' })], { attested: { ...seen, id: 8 } }),
    ...untold,
  },
  {
    name: 'somebody may bypass the ruleset that a person saw',
    ...held([ruleset({ bypass: 'somebody' })], { attested: seen }),
    ...differs,
  },
  {
    name: 'who may bypass is not shown, and a rule is missing besides',
    ...held([ruleset({ bypass: 'hidden', deletion: false })]),
    ...differs,
  },
  { name: 'the rules could not be read', input: { enforcement: unknown('The forge answers 403.') }, ...untold },
];
