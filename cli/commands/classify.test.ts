import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersion, type Issue, type Repository, resources, type TierPolicy } from '#crds';
import { realClock } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { type Logged, pullGrade, renderClassified } from '../classify/index.ts';
import type { Tenant } from '../cluster.ts';
import { classifyIssue } from './classify.ts';

const HEAD = 'abcdef01'.repeat(5);
const OLDER = '12345678'.repeat(5);

const issue = (spec: object = {}, status: object = {}) =>
  ({
    apiVersion,
    kind: 'Issue',
    metadata: { namespace: 'tenant-a', name: 'widgets-12' },
    spec: { repositoryRef: { name: 'widgets' }, title: 'Mend a word', labels: ['docs'], ...spec },
    status,
  }) as unknown as Issue;

/** A tenant whose Repository is graded by a policy that gives what is labelled docs T0. */
async function tenant(): Promise<Tenant> {
  const client = new FakeClient(realClock);
  const rules = [{ name: 'docs', tier: 'T0', taskClass: 'docs', match: { labels: ['docs'] } }];
  const policy = { apiVersion, kind: 'TierPolicy', metadata: { name: 'default' }, spec: { rules } };
  await client.create(resources.TierPolicy, policy as unknown as TierPolicy);
  const metadata = { namespace: 'tenant-a', name: 'widgets' };
  const repository = { apiVersion, kind: 'Repository', metadata, spec: { raise: [], protectedPaths: [] } };
  await client.create(resources.Repository, repository as unknown as Repository);
  return { client, namespace: 'tenant-a', rig: null } as unknown as Tenant;
}
const graded = async (one: Issue) => (await classifyIssue(await tenant(), one, {})).grade;

test('an issue without a floor has the tier that the rules give it', async () => {
  const { tier, rule } = await graded(issue());
  assert.deepEqual([tier, rule], ['T0', 'docs']);
});

test('spec.tier raises an issue, and the reason says that a person set it', async () => {
  const grade = await graded(issue({ tier: 'T3' }));
  assert.deepEqual([grade.tier, grade.taskClass, grade.rule], ['T3', 'docs', 'built-in/floor']);
  assert.equal(grade.reason, 'A person set the floor to T3 in spec.tier; graded by itself it is T0.');
  assert.deepEqual(
    grade.findings.map(({ rule, tier }) => [rule, tier]),
    [
      ['docs', 'T0'],
      ['built-in/floor', 'T3'],
    ],
  );
});

test('a floor below what the rules say changes nothing', async () => {
  const grade = await graded(issue({ tier: 'T1', labels: [] }, { issueTier: 'T0', effectiveTier: 'T0' }));
  assert.deepEqual([grade.tier, grade.rule, grade.findings.length], ['T2', 'built-in/unmatched', 1]);
});

test('a floor that a person set with /rig tier raises an issue, in the words of the conductor', async () => {
  const tierReason = 'A person set the floor to T2; graded by itself it is T0.';
  const grade = await graded(issue({}, { issueTier: 'T2', effectiveTier: 'T2', tierReason }));
  assert.deepEqual([grade.tier, grade.rule], ['T2', 'built-in/floor']);
  assert.equal(grade.reason, `The conductor graded the issue T2, and that does not fall: ${tierReason}`);
});

test('where the change alone is why the tier is what it is, its reason is not told of the issue', async () => {
  const status = { issueTier: 'T2', effectiveTier: 'T3', tierReason: 'Rule auth gives src/auth.ts tier T3.' };
  const { tier, reason } = await graded(issue({}, status));
  assert.equal(tier, 'T2');
  assert.equal(
    reason,
    'The conductor graded the issue T2, and that does not fall: /rig tier of a person, or the rules of that time; rig events widgets-12 has it. Graded by itself it is T0.',
  );
});

test('the higher of two floors is the one that is told', async () => {
  const { tier, reason } = await graded(
    issue({ tier: 'T3' }, { issueTier: 'T2', effectiveTier: 'T2', tierReason: 'x' }),
  );
  assert.equal(tier, 'T3');
  assert.match(reason, /in spec\.tier/);
});

const logged = (headSHA: string, tier = 'T1'): Logged => ({
  type: 'CHANGE_CLASSIFIED',
  data: { tier, taskClass: 'bugfix', rule: 'source', path: 'src/a.ts', reason: 'Rule source.', headSHA, policy: 'key' },
});
const pulled = (spec: object = {}, status: object = {}) =>
  issue(spec, { pullRequest: { number: 34, url: 'u', headSHA: HEAD }, ...status });

test('the grade of a pull request is that of its newest head, by name', () => {
  const { of, grade } = pullGrade([logged(OLDER, 'T3'), logged(HEAD)], pulled());
  assert.equal(of, '#34 at abcdef01');
  assert.deepEqual([grade.tier, grade.rule, grade.path, grade.findings.length], ['T1', 'source', 'src/a.ts', 1]);
  assert.match(renderClassified({ of, policy: 'node', grade }), /^#34 at abcdef01: T1, class bugfix, by source/);
});

test('a pull request whose newest head has not been graded has no grade, whatever older heads had', () => {
  for (const events of [[], [logged(OLDER)], [logged(HEAD), logged(OLDER)]])
    assert.throws(
      () => pullGrade(events, pulled()),
      (error) =>
        error instanceof ExitError &&
        error.code === ExitCode.NotDone &&
        /^Head abcdef01 of #34 has not been graded(, the last that was is 12345678)?; rig why widgets-12 says what it waits for\.$/.test(
          error.message,
        ),
    );
});

test('a pull request is raised to the tier of its issue', () => {
  const tierReason = 'A person set the floor to T3; graded by itself it is T0.';
  const { grade } = pullGrade([logged(HEAD)], pulled({}, { issueTier: 'T3', effectiveTier: 'T3', tierReason }));
  assert.deepEqual([grade.tier, grade.taskClass, grade.rule], ['T3', 'bugfix', 'built-in/floor']);
  assert.match(grade.reason, /The conductor graded the issue T3/);
});
