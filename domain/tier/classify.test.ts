import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { processorTime } from '../../test/kit/processor.ts';
import { engines } from '../../test/kit/tier-engines.ts';
import type { Tier } from '../events/catalogue.ts';
import type { ChangedFile, FileContent } from './change.ts';
import { contentNeeded, gradeChange, gradeIssue, MAX_FILES } from './classify.ts';
import { compilePolicy, compileRaise, type RuleSpec } from './policy.ts';
import { noWork, type Work } from './whole.ts';

const rules: RuleSpec[] = [
  { name: 'docs', tier: 'T0', taskClass: 'docs', match: { paths: ['**/*.md', 'AUTHORS'] } },
  { name: 'source', tier: 'T1', match: { paths: ['src/**', '**/*.ts'], cel: '!file.test' } },
  {
    name: 'added-tests',
    tier: 'T0',
    taskClass: 'tests',
    match: { paths: ['**/*.test.ts'], cel: `file.status == 'added'` },
  },
  { name: 'tests', tier: 'T0', taskClass: 'tests', match: { paths: ['**/*.test.ts'] } },
  { name: 'workflow', tier: 'T0', match: { paths: ['.github/workflows/**'], cel: 'file.sameYAML' } },
  { name: 'workflow-edit', tier: 'T1', match: { paths: ['.github/workflows/**'] } },
  {
    name: 'manifests',
    tier: 'T1',
    match: { paths: ['**/package.json', '**/*.yaml', '**/package-lock.json', 'bin/**'] },
  },
  { name: 'drop', tier: 'T3', match: { paths: ['**/*.sql'], cel: `file.addedText.matches('(?i)drop')` } },
  { name: 'sql', tier: 'T1', match: { paths: ['**/*.sql'] } },
  { name: 'bugfix', taskClass: 'bugfix', match: { labels: ['bug'] } },
  { name: 'bug', tier: 'T1', match: { labels: ['Bug'] } },
  { name: 'typo', tier: 'T0', match: { title: 'typo' } },
  { name: 'large', tier: 'T2', match: { cel: 'diff.count > 50' } },
];

function policyOf(...more: RuleSpec[]) {
  const compiled = compilePolicy('test', [...rules, ...more], engines);
  assert.ok(compiled.ok, JSON.stringify(compiled));
  return compiled.value;
}

const policy = policyOf();

function file(path: string, change: Partial<ChangedFile> = {}): ChangedFile {
  const status = change.status ?? 'modified';
  const oldMode = status === 'added' ? null : '100644';
  const newMode = status === 'deleted' ? null : '100644';
  return { path, previousPath: null, status, oldMode, newMode, added: 3, deleted: 1, ...change };
}

const text = (before: string | null, after: string | null): FileContent => ({ before, after });
const grade = (files: ChangedFile[], work: Work = noWork, complete = true) =>
  gradeChange(policy, [], { complete, files }, work);

const cases: [string, ChangedFile[], Tier, string][] = [
  ['prose', [file('README.md'), file('docs/a.md')], 'T0', 'docs'],
  ['source', [file('src/a.ts')], 'T1', 'source'],
  ['prose beside source', [file('README.md'), file('src/a.ts')], 'T1', 'source'],
  ['a file that no rule knows', [file('README.md'), file('weird.xyz')], 'T2', 'built-in/unmatched'],
  ['no file at all', [], 'T2', 'built-in/unmatched'],
  ['an added test', [file('src/a.test.ts', { status: 'added' })], 'T0', 'added-tests'],
  ['an edited test, though a rule says T0', [file('src/a.test.ts')], 'T1', 'built-in/existing-test'],
  ['a deleted test', [file('src/a.test.ts', { status: 'deleted' })], 'T1', 'built-in/existing-test'],
  [
    'a test renamed to prose',
    [file('a.md', { status: 'renamed', previousPath: 'src/a.test.ts' })],
    'T1',
    'built-in/existing-test',
  ],
  [
    'a judge renamed away',
    [file('docs/a.md', { status: 'renamed', previousPath: 'AGENTS.md' })],
    'T2',
    'built-in/judge/instructions',
  ],
  ['a judge that a rule calls T0', [file('AGENTS.md')], 'T2', 'built-in/judge/instructions'],
  [
    'a file renamed from where no rule knows',
    [file('a.md', { status: 'renamed', previousPath: 'a.xyz' })],
    'T2',
    'built-in/unmatched',
  ],
  ['a submodule', [file('a.md', { oldMode: '160000', newMode: '160000' })], 'T3', 'built-in/submodule'],
  [
    'a submodule that goes',
    [file('a.md', { status: 'deleted', oldMode: '160000', newMode: null })],
    'T3',
    'built-in/submodule',
  ],
  ['a symbolic link', [file('a.md', { status: 'added', newMode: '120000' })], 'T3', 'built-in/symlink'],
  ['a mode that changes', [file('a.md', { newMode: '100755' })], 'T3', 'built-in/mode'],
  ['no known mode', [file('a.md', { oldMode: null, newMode: null })], 'T3', 'built-in/mode'],
  ['a pointer of LFS by what git told', [file('a.md', { pointer: true })], 'T3', 'built-in/lfs-pointer'],
  [
    'a pointer of LFS by its text',
    [file('a.md', { content: text('', 'version https://git-lfs.github.com/spec/v1\noid x') })],
    'T3',
    'built-in/lfs-pointer',
  ],
  ['a binary file by its path', [file('docs/a.md', { added: null, deleted: null })], 'T0', 'docs'],
  ['a name with a line break', [file('a\n.md')], 'T3', 'built-in/strange-name'],
  ['a name written backwards', [file('a\u202edm.exe')], 'T3', 'built-in/strange-name'],
  ['a name that git could not decode', [file('\ufffd.md')], 'T3', 'built-in/strange-name'],
  ['a name that leaves the repository', [file('../a.md')], 'T3', 'built-in/strange-name'],
  [
    'CI that is laid out anew',
    [file('.github/workflows/a.yml', { content: text('a: [b]', 'a:\n  - b') })],
    'T1',
    'workflow-edit',
  ],
  ['CI that changes', [file('.github/workflows/a.yml', { content: text('a: b', 'a: c') })], 'T2', 'built-in/judge/ci'],
  ['CI that cannot be read', [file('.github/workflows/a.yml', { content: 'unreadable' })], 'T3', 'built-in/unreadable'],
  ['CI of which nobody read the text', [file('.github/workflows/a.yml')], 'T3', 'built-in/unreadable'],
  [
    'CI of which only one side was read',
    [file('.github/workflows/a.yml', { content: text('a: b', null) })],
    'T3',
    'built-in/unreadable',
  ],
  [
    'a version of a dependency',
    [file('package.json', { content: text('{"dependencies":{"a":"^1.0.0"}}', '{"dependencies":{"a":"^1.1.0"}}') })],
    'T1',
    'manifests',
  ],
  [
    'a script of a package',
    [file('package.json', { content: text('{"scripts":{"test":"x"}}', '{"scripts":{"test":"true"}}') })],
    'T2',
    'built-in/judge/package-manifest',
  ],
  [
    'a dependency from elsewhere',
    [file('package.json', { content: text('{"dependencies":{"a":"1.0.0"}}', '{"dependencies":{"a":"github:x/y"}}') })],
    'T2',
    'built-in/judge/package-manifest',
  ],
  [
    'a new dependency',
    [file('package.json', { content: text('{"dependencies":{}}', '{"dependencies":{"a":"1.0.0"}}') })],
    'T2',
    'built-in/judge/package-manifest',
  ],
  [
    'an alias of a package',
    [file('package.json', { content: text('{"dependencies":{"a":"1.0.0"}}', '{"dependencies":{"a":"npm:b@1.0.0"}}') })],
    'T2',
    'built-in/judge/package-manifest',
  ],
  [
    'a lock file',
    [
      file('package-lock.json', {
        content: text('"resolved": "https://registry.npmjs.org/a"', '"resolved": "https://registry.npmjs.org/b"'),
      }),
    ],
    'T1',
    'manifests',
  ],
  [
    'a lock file with a new host',
    [
      file('package-lock.json', {
        content: text('"resolved": "https://registry.npmjs.org/a"', '"resolved": "https://evil.example/a"'),
      }),
    ],
    'T2',
    'built-in/judge/package-sources',
  ],
  [
    'a manifest',
    [file('k8s/a.yaml', { content: text('kind: Deployment', 'kind: Deployment # x') })],
    'T1',
    'manifests',
  ],
  [
    'a manifest of access',
    [file('k8s/a.yaml', { content: text('a: 1', 'apiVersion: rbac.authorization.k8s.io/v1') })],
    'T3',
    'built-in/manifest',
  ],
  [
    'a manifest of access that goes',
    [file('k8s/a.yaml', { status: 'deleted', content: text('{apiVersion: rbac.authorization.k8s.io/v1}', null) })],
    'T3',
    'built-in/manifest',
  ],
  [
    'a manifest of access in disguise',
    [file('k8s/a.yaml', { content: text('', 'apiVersion: "rb\\x61c.author\\\n  ization.k8s\\u002eio\\/v1"') })],
    'T3',
    'built-in/manifest',
  ],
  [
    'a webhook of admission in JSON',
    [file('k8s/a.json', { content: text('', '{"apiVersion":"admissionregistration.k8s.io\\/v1"}') })],
    'T3',
    'built-in/manifest',
  ],
  [
    'a policy of Kyverno',
    [file('k8s/a.yaml', { content: text('', 'apiVersion: policies.kyverno.io/v1') })],
    'T3',
    'built-in/manifest',
  ],
  [
    'a TierPolicy',
    [file('k8s/a.yaml', { content: text('', 'apiVersion: rig.dashecorp.com/v1alpha1\nkind: TierPolicy') })],
    'T3',
    'built-in/manifest',
  ],
  [
    'a release of the rig',
    [file('k8s/a.yaml', { content: text('', 'namespace: rig-system') })],
    'T3',
    'built-in/manifest',
  ],
  ['a rule that reads content it has', [file('db/a.sql', { content: text('a', 'DROP TABLE b') })], 'T3', 'drop'],
  ['a rule that reads content and does not hold', [file('db/a.sql', { content: text('drop', 'create') })], 'T1', 'sql'],
  ['a rule that reads content that is not there', [file('db/a.sql')], 'T3', 'built-in/unevaluated/drop'],
  ['a change that is large', Array.from({ length: 51 }, (_, at) => file(`${at}.md`)), 'T2', 'large'],
];

for (const [what, files, tier, rule] of cases)
  test(`tier of ${what}: ${tier} by ${rule}`, () => {
    const { tier: graded, rule: by, reason } = grade(files);
    assert.deepEqual([graded, by], [tier, rule]);
    assert.match(reason, /^[\s\S]+\.$/);
  });

test('CI is T0 only where its YAML says the same, and a policy says so', () => {
  const compiled = compilePolicy('ci', [rules[4]!], engines);
  assert.ok(compiled.ok);
  const ci = (before: string, after: string) =>
    gradeChange(
      compiled.value,
      [],
      { complete: true, files: [file('.github/workflows/a.yml', { content: text(before, after) })] },
      noWork,
    ).tier;
  assert.equal(ci('on: [push]', 'on:\n  - push # why'), 'T0');
  assert.equal(ci('on: [push]', 'on: [pull_request]'), 'T2');
});

test('a list that was cut, or is longer than anyone reads, is T3', () => {
  assert.equal(grade([file('a.md')], noWork, false).rule, 'built-in/incomplete');
  assert.equal(grade(new Array(MAX_FILES + 1).fill(file('a.md'))).tier, 'T3');
});

test('a name that nobody can read is T3 before anything looks at it, and so are names that are too much together', () => {
  const odd = (path: string) => [file(path)];
  const spent = processorTime();
  for (const path of [
    'rbac'.repeat(1 << 18),
    `${'-azure-pipelines'.repeat(1 << 16)}.yamx`,
    `a/${'_test'.repeat(60)}`,
    'rbac/'.repeat(1 << 18),
  ]) {
    const { tier, rule } = grade(odd(path));
    assert.deepEqual([tier, rule], ['T3', 'built-in/long-name']);
    assert.deepEqual(contentNeeded(policy, [], { complete: true, files: odd(path) }, noWork), []);
  }
  assert.ok(spent() < 300);
  assert.equal(grade([file('a.md', { status: 'renamed', previousPath: 'x'.repeat(256) })]).tier, 'T3');
  const many = Array.from({ length: 8_000 }, (_, at) => file(`${'rbac/'.repeat(200)}${at}.md`));
  assert.equal(grade(many).rule, 'built-in/incomplete');
  const long = Array.from({ length: 8_000 }, (_, at) => file(`${'rbac'.repeat(1_000)}${at}.md`));
  assert.equal(grade(long).tier, 'T3');
  assert.ok(spent() < 1_500);
});

test('names as long as they may be, of any shape, are graded in seconds', () => {
  const shapes = ['rbac', 'rbac/', '-azure-pipelines', 'a_test.', 'test/', 'patches/', 'charts/templates/'];
  const files = Array.from({ length: 4_000 }, (_, at) => {
    const shape = shapes[at % shapes.length]!;
    const name = shape.repeat(250).slice(0, 250);
    const folders = `${name}/`.repeat(4).slice(0, 1_000);
    return file(`${folders}${at}.yamx`);
  });
  const spent = processorTime();
  contentNeeded(policy, [], { complete: true, files }, noWork);
  grade(files);
  assert.ok(spent() < 3_000);
});

test('expressions that take too many steps for a change make it T3, with the rule that asked for it', () => {
  const costly = policyOf({
    name: 'costly',
    tier: 'T0',
    match: { cel: 'diff.files.all(a, diff.files.all(b, a.path != b.path))' },
  });
  const files = Array.from({ length: 2_000 }, (_, at) => file(`${at}.md`));
  const { tier, rule } = gradeChange(costly, [], { complete: true, files }, noWork);
  assert.deepEqual([tier, rule], ['T3', 'built-in/unevaluated/costly']);
});

test('an issue: what matches nothing is T2, labels and titles match in any case, the highest wins', () => {
  const of = (work: Partial<Work>, files: string[] = []) => {
    const { tier, taskClass, rule } = gradeIssue(policy, [], { ...noWork, ...work, files });
    return [tier, taskClass, rule];
  };
  assert.deepEqual(of({}), ['T2', 'unclassified', 'built-in/unmatched']);
  assert.deepEqual(of({ title: 'A TYPO' }), ['T0', 'unclassified', 'typo']);
  assert.deepEqual(of({ labels: ['BUG'], title: 'A typo' }), ['T1', 'bugfix', 'bug']);
  assert.deepEqual(of({ labels: ['bug'], taskClass: 'feature' }), ['T1', 'feature', 'bug']);
  assert.deepEqual(of({ labels: ['bug'] }, ['src/a.ts', 'CODEOWNERS']), ['T2', 'bugfix', 'built-in/judge/owners']);
});

test('rules of the Repository raise and never vouch for a file', () => {
  const raise = compileRaise(
    [{ name: 'x', tier: 'T1', match: { paths: ['**/*.xyz', '**/*.md'] } }],
    ['src/core/**'],
    engines,
  );
  assert.ok(raise.ok);
  const of = (path: string) => {
    const { tier, rule } = gradeChange(policy, raise.value, { complete: true, files: [file(path)] }, noWork);
    return [tier, rule];
  };
  assert.deepEqual(of('a.xyz'), ['T2', 'built-in/unmatched']);
  assert.deepEqual(of('a.md'), ['T1', 'raise/x']);
  assert.deepEqual(of('src/core/a.ts'), ['T2', 'raise/protectedPaths']);
});

test('the class of a change is what its files agree on, else that of its work, never one that files have to show', () => {
  const classOf = (files: ChangedFile[], labels: string[] = [], taskClass: string | null = null) =>
    grade(files, { ...noWork, labels, taskClass }).taskClass;
  const [prose, source] = [file('a.md'), file('src/a.ts')];
  assert.equal(classOf([prose], ['bug']), 'docs');
  assert.equal(classOf([prose, source], ['bug']), 'bugfix');
  assert.equal(classOf([prose, source]), 'unclassified');
  assert.equal(classOf([source], [], 'docs'), 'unclassified');
  assert.equal(classOf([source], [], 'feature'), 'feature');
});

test('text is asked for only where something reads it', () => {
  const files = [
    'README.md',
    'src/a.ts',
    'a.sql',
    'k8s/a.yaml',
    'package.json',
    'package-lock.json',
    '.github/workflows/a.yml',
  ].map((path) => file(path));
  assert.deepEqual(
    contentNeeded(policy, [], { complete: true, files }, noWork),
    files.slice(2).map(({ path }) => path),
  );
});

test('a policy that is wrong in any part says which rule and why, and is none', () => {
  const compiled = compilePolicy(
    'broken',
    [
      { name: 'a', tier: 'T0', match: { paths: ['/abs'] } },
      { name: 'b', tier: 'T0', match: { cel: 'nope.x' } },
      { name: 'b', match: {} },
      { name: 'c', tier: 'T0', match: { cel: 'file.path == ""' } },
    ],
    engines,
  );
  assert.ok(!compiled.ok);
  assert.deepEqual(
    compiled.problems.map((problem) => problem.split(/[:,]/)[0]),
    [
      'Rule a in rules of TierPolicy broken',
      'Rule b in rules of TierPolicy broken',
      'Rule b in rules of TierPolicy broken',
      'Rule b in rules of TierPolicy broken',
      'Rule b in rules of TierPolicy broken',
      'Rule c in rules of TierPolicy broken',
    ],
  );
});

const path = fc.constantFrom(
  'a.md',
  'src/a.ts',
  'src/a.test.ts',
  'x.xyz',
  'AGENTS.md',
  'a.sql',
  'package.json',
  'bin/x',
  'k8s/a.yaml',
);
const anyFile = fc.record({
  path,
  previousPath: fc.option(path),
  status: fc.constantFrom('added', 'modified', 'deleted', 'renamed', 'type'),
  oldMode: fc.constantFrom('100644', '100644', '100644', null, '120000', '100755'),
  newMode: fc.constantFrom('100644', '100644', '100644', null, '160000'),
  added: fc.option(fc.nat(9)),
  deleted: fc.option(fc.nat(9)),
  content: fc.constantFrom('unreadable' as const, text('a: 1', 'a: 2'), text('{}', '{}')),
}) as fc.Arbitrary<ChangedFile>;

test('a further file, a further rule and a Repository’s rule never lower a tier', () => {
  const rule = fc.record({
    name: fc.constant('more'),
    tier: fc.constantFrom<Tier>('T1', 'T2', 'T3'),
    match: fc.record({ paths: fc.tuple(fc.constantFrom('**/*.md', 'src/**', '**/*')) }),
  });
  fc.assert(
    fc.property(fc.array(anyFile, { minLength: 1, maxLength: 6 }), anyFile, rule, (files, one, more) => {
      const change = { complete: true, files };
      const before = gradeChange(policy, [], change, noWork).tier;
      assert.ok(gradeChange(policy, [], { ...change, files: [...files, one] }, noWork).tier >= before);
      const raise = compileRaise([more], [], engines);
      assert.ok(raise.ok && gradeChange(policy, raise.value, change, noWork).tier >= before);
    }),
    { numRuns: 1_000 },
  );
});

test('whatever a change is, it has a tier, and what changes a mode or cannot be read is T3', () => {
  fc.assert(
    fc.property(fc.array(anyFile, { maxLength: 6 }), (files) => {
      const { tier, findings } = gradeChange(policy, [], { complete: true, files }, noWork);
      assert.ok(['T0', 'T1', 'T2', 'T3'].includes(tier) && findings.length > 0);
      const odd = files.some(({ oldMode, newMode }) => oldMode !== newMode && oldMode !== null && newMode !== null);
      if (odd) assert.equal(tier, 'T3');
    }),
    { numRuns: 1_000 },
  );
});
