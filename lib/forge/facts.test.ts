import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as rules from '../../domain/facts.ts';
import type { BranchRules as RuledBranch, RulesetRules as RuledSet } from '../../domain/gate/ruleset.ts';
import type * as forge from './facts.ts';
import type { BranchRules, RulesetRules } from './rules.ts';

/** `true` only where each type can stand for the other, nested fields included. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

const same: {
  actor: Same<forge.Actor, rules.Actor>;
  permission: Same<forge.Permission, rules.Permission>;
  check: Same<forge.CheckFacts, rules.CheckFacts>;
  review: Same<forge.ReviewFacts, rules.ReviewFacts>;
  thread: Same<forge.ThreadFacts, rules.ThreadFacts>;
  commit: Same<forge.CommitFacts, rules.CommitFacts>;
  pullRequest: Same<forge.PullRequestFacts, rules.PullRequestFacts>;
  repository: Same<forge.RepositoryFacts, rules.RepositoryFacts>;
  issue: Same<forge.ForgeIssueFacts, rules.ForgeIssueFacts>;
  branchRules: Same<BranchRules, RuledBranch>;
  rulesetRules: Same<RulesetRules, RuledSet>;
} = {
  actor: true,
  permission: true,
  check: true,
  review: true,
  thread: true,
  commit: true,
  pullRequest: true,
  repository: true,
  issue: true,
  branchRules: true,
  rulesetRules: true,
};

test("the forge's fact types and the rules' are assignable both ways (judged by the type checker)", () => {
  assert.ok(Object.values(same).every(Boolean));
});
