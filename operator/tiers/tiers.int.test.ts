import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import type { Repository, TierPolicy } from '#crds';
import type { ChangeGrade } from '#domain';
import { TierPolicies } from '#lib/grading';
import type { KubeObject } from '#lib/kube';
import { TestRepository } from '../../lib/change/repository.int-kit.ts';
import { type GradedHead, policyTiers } from '../tier.ts';
import { ChangeGrades } from './changes.ts';
import { countRules, judgePolicy } from './controller.ts';

const git = new TestRepository();
after(() => git.remove());
git.write('src/a.ts', '1\n');
const base = git.commit();

const shipped = (name: string, generation = 1): TierPolicy & KubeObject => {
  const policy = parse(readFileSync(join(import.meta.dirname, `../../policies/tiers/${name}.yaml`), 'utf8'));
  return { ...policy, metadata: { name: 'default', uid: `uid-${name}`, generation } };
};

const repository = {
  metadata: { name: 'widgets', namespace: 'tenant-a', uid: 'uid-r', generation: 1 },
  spec: {
    owner: 'acme',
    name: 'widgets',
    cloneURL: 'http://127.0.0.1:1/acme/widgets.git',
    apiURL: 'http://127.0.0.1:1/api/v3',
    defaultBranch: 'main',
    raise: [],
    protectedPaths: [],
  },
  status: { forge: { repositoryID: 7 } },
} as unknown as Repository;

/** A port over the shipped policy for Node, whose copy of the repository is the test's own. */
function portOf(over: { policy?: (TierPolicy & KubeObject) | undefined; broken?: boolean; tip?: string } = {}) {
  const asked: string[] = [];
  const policies = new TierPolicies((name) =>
    name !== 'default' ? undefined : 'policy' in over ? over.policy : shipped('node'),
  );
  const forges = {
    forRepository: async () => ({ forge: { gitAuthorization: async () => ({ headerName: 'a', headerValue: 'b' }) } }),
  };
  const cache = {
    refresh: async (_: unknown, branches: readonly string[]) => {
      asked.push(branches.join());
      if (over.broken) throw new Error('the forge does not answer');
      return new Map([['main', over.tip ?? base]]);
    },
    quarantine: <T>(_: unknown, use: (path: string) => Promise<T>) => use(git.path),
  };
  const grades = new ChangeGrades(forges as never, cache as never, () => 1);
  return { port: policyTiers(policies, grades), grades, asked };
}

const work = { labels: ['bug'], title: 'It fails', taskClass: null, source: 'webhook', files: [], repository };

async function grade(port: ReturnType<typeof portOf>['port'], sha: string, last: ChangeGrade | null = null) {
  const told = Promise.withResolvers<void>();
  const ask: GradedHead = {
    work,
    head: { sha, branch: 'rig/x/1' },
    last,
    takenBack: null,
    onTold: () => told.resolve(),
  };
  const first = port.change!(ask);
  if (!first.known) await told.promise;
  return { first, later: port.change!(ask) };
}

test('a change is graded from git in the background, once for a head, and told', async () => {
  const { port, asked } = portOf();
  git.git('checkout', '--quiet', '-b', 'one', base);
  git.write('src/a.ts', '2\n');
  git.write('test/a.test.ts', 'x\n');
  const head = git.commit();
  const { first, later } = await grade(port, head);
  assert.equal(first.known, false);
  assert.ok(later.known);
  const { tier, taskClass, rule, path, headSHA } = later.value;
  assert.deepEqual([tier, taskClass, rule, path, headSHA], ['T1', 'bugfix', 'source', 'src/a.ts', head]);
  assert.deepEqual(asked, ['main,rig/x/1']);
  const again = portOf();
  assert.ok((await grade(again.port, head, later.value)).first.known);
  assert.deepEqual(again.asked, []);
});

test('everybody who asked of a change while it was read is told, and again once what failed may be asked anew', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const broken = portOf({ broken: true });
  const head = { sha: base, branch: 'rig/x/1' };
  const told: string[] = [];
  const ask = (who: string) =>
    broken.port.change!({ work, head, last: null, takenBack: null, onTold: () => void told.push(who) });
  ask('one');
  ask('two');
  await broken.grades.idle();
  assert.deepEqual(told, ['one', 'two']);
  ask('three');
  t.mock.timers.tick(5_000);
  assert.deepEqual(told.slice(2).toSorted(), ['one', 'three', 'two']);
  ask('one');
  await broken.grades.idle();
  assert.deepEqual([told.length, broken.asked.length], [6, 2]);
});

test('the same head under other labels is graded anew: what the log has is of other work', async () => {
  const { port, grades } = portOf();
  git.git('checkout', '--quiet', '-b', 'relabelled', base);
  git.write('src/a.ts', '3\n');
  const head = git.commit();
  const { later } = await grade(port, head);
  assert.ok(later.known);
  const relabelled = { ...work, labels: ['feature'] };
  const again = port.change!({
    work: relabelled,
    head: { sha: head, branch: 'rig/x/1' },
    last: later.value,
    takenBack: null,
    onTold() {},
  });
  assert.equal(again.known, false);
  assert.ok(
    port.change!({ work, head: { sha: head, branch: 'rig/x/1' }, last: later.value, takenBack: null, onTold() {} })
      .known,
  );
  await grades.idle();
});

test('a head whose base branch was taken back is graded anew by what it brings now, and that once', async () => {
  git.git('checkout', '--quiet', '-b', 'widened', base);
  git.write('src/b.ts', '1\n');
  const before = git.commit();
  git.write('docs/a.md', 'x\n');
  const head = git.commit();
  const narrow = portOf({ tip: before });
  const { later } = await grade(narrow.port, head);
  assert.ok(later.known);
  assert.deepEqual([later.value.tier, later.value.base], ['T0', before]);
  const wide = portOf();
  const ask = { work, head: { sha: head, branch: 'rig/x/1' }, last: later.value, takenBack: base, onTold() {} };
  assert.equal(wide.port.change!(ask).known, false);
  await wide.grades.idle();
  const again = wide.port.change!(ask);
  assert.ok(again.known);
  assert.deepEqual([again.value.tier, again.value.base], ['T1', base]);
  // Told in the log, it holds.
  assert.deepEqual(wide.port.change!({ ...ask, last: again.value, takenBack: null }), {
    known: true,
    value: again.value,
    observedAt: 0,
  });
});

test('a change of CI, whose text is read from git, is told by file and rule', async () => {
  git.git('checkout', '--quiet', '-b', 'two', base);
  git.write('.github/workflows/ci.yml', 'on: push\n');
  const { later } = await grade(portOf().port, git.commit());
  assert.ok(later.known);
  assert.deepEqual([later.value.tier, later.value.rule], ['T2', 'built-in/judge/ci']);
  assert.match(later.value.reason, /^\.github\/workflows\/ci\.yml is a CI definition/);
});

test('git that cannot be asked is unknown, with why', async () => {
  const { later } = await grade(portOf({ broken: true }).port, '1'.repeat(40));
  assert.deepEqual(later, { known: false, why: 'git could not be asked: the forge does not answer' });
});

test('without a TierPolicy nothing is graded, and with a wrong one nothing either, which says so', () => {
  const none = portOf({ policy: undefined }).port;
  assert.deepEqual([none.grade(work), none.problem!(repository)], [null, null]);
  const wrong = shipped('node');
  wrong.spec = { ...wrong.spec, rules: [{ name: 'a', tier: 'T0', match: { cel: 'nope' } }] };
  const port = portOf({ policy: wrong }).port;
  assert.equal(port.grade(work), null);
  assert.match(port.problem!(repository)!, /^TierPolicy default is wrong .*Rule a .*nope is not known/);
  const raise = {
    ...repository,
    spec: { ...repository.spec, raise: [{ name: 'b', tier: 'T2', match: { paths: ['/x'] } }] },
  };
  assert.match(portOf().port.problem!(raise as Repository)!, /^Repository widgets is wrong .*Rule raise\/b/);
});

test('an issue is graded at once, its Repository’s rules among those that grade it', () => {
  const { port, asked } = portOf();
  const graded = port.grade(work);
  assert.deepEqual([graded?.tier, graded?.taskClass], ['T1', 'bugfix']);
  const spec = { ...repository.spec, raise: [{ name: 'login', tier: 'T3', match: { title: 'fails' } }] };
  const raised = { ...repository, metadata: { ...repository.metadata, generation: 2 }, spec } as Repository;
  assert.equal(port.grade({ ...work, repository: raised })?.tier, 'T3');
  assert.deepEqual(asked, []);
});

test('a policy is judged by its rules, and says which are wrong', () => {
  const policy = shipped('node');
  assert.deepEqual(judgePolicy([]).state, 'Ready');
  const problems = [
    'Rule docs-site in rules of TierPolicy x: cel: no.',
    'Rule docs-site in rules of TierPolicy x: paths: no.',
  ];
  assert.deepEqual([judgePolicy(problems).state, judgePolicy(problems).reason], ['Stalled', 'TierPolicyInvalid']);
  assert.match(judgePolicy(problems).message, /Rule docs-site/);
  assert.ok(judgePolicy([`${'x'.repeat(3_000)}.`]).message.length <= 1_024);
  const counts = countRules(policy, problems);
  assert.deepEqual([counts.total, counts.wrong, counts.classes], [policy.spec.rules.length, 1, 7]);
});
