import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { engines } from '../../test/kit/tier-engines.ts';
import type { ChangedFile } from './change.ts';
import { contentNeeded, gradeChange, MAX_FILES } from './classify.ts';
import { compilePolicy } from './policy.ts';
import { noWork } from './whole.ts';

/** A policy that calls everything harmless that it can. */
const compiled = compilePolicy(
  'lax',
  [
    { name: 'all', tier: 'T0', match: { paths: ['**'] } },
    { name: 'layout', tier: 'T0', match: { paths: ['**/*.{yml,yaml}'], cel: 'file.sameYAML' } },
    { name: 'pins', tier: 'T0', match: { paths: ['**'], cel: 'file.versionsOnly' } },
    { name: 'said-otherwise', tier: 'T1', match: { paths: ['**/*.{yml,yaml}'], cel: '!file.sameYAML' } },
    {
      name: 'guards',
      tier: 'T3',
      match: { paths: ['**/*.ts', '**/*.yaml'], cel: `file.addedText.contains('allowed(')` },
    },
  ],
  engines,
);
assert.ok(compiled.ok, JSON.stringify(compiled));
const policy = compiled.value;

const WORKFLOW = 'on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n';

function grade(file: Partial<ChangedFile> & { path: string }) {
  const whole: ChangedFile = {
    previousPath: null,
    status: 'modified',
    oldMode: '100644',
    newMode: '100644',
    added: 0,
    deleted: 0,
    ...file,
  };
  const { tier, rule } = gradeChange(policy, [], { complete: true, files: [whole] }, noWork);
  return `${tier} ${rule}`;
}

const moved = (previousPath: string, path: string, text: string) =>
  grade({ path, previousPath, status: 'renamed', content: { before: text, after: text } });

test('a workflow that moves to where nothing runs it is a change of CI, though its text is the same', () => {
  assert.equal(moved('.github/workflows/ci.yml', 'archive/ci.yml', WORKFLOW), 'T2 built-in/judge/ci');
});

test('a file that moves to where CI runs it is a change of CI, though its text is the same', () => {
  assert.equal(moved('examples/deploy.yml', '.github/workflows/deploy.yml', WORKFLOW), 'T2 built-in/judge/ci');
});

test('a package.json that moves is more than its dependencies', () => {
  const text = '{"scripts":{"postinstall":"x"},"dependencies":{"a":"1.0.0"}}';
  assert.equal(moved('examples/package.json', 'package.json', text), 'T2 built-in/judge/package-manifest');
});

test('a manifest that moves does not say the same where it stood: there it is deleted', () => {
  assert.equal(moved('clusters/a/pvc.yaml', 'archive/pvc.yaml', 'kind: PersistentVolumeClaim\n'), 'T1 said-otherwise');
  assert.equal(grade({ path: 'a.yaml', content: { before: 'a: [b]\n', after: 'a:\n- b\n' } }), 'T0 all');
});

test('a judge that is deleted or emptied is judged', () => {
  const content = { before: WORKFLOW, after: null };
  const path = '.github/workflows/ci.yml';
  assert.equal(grade({ path, status: 'deleted', newMode: null, content }), 'T2 built-in/judge/ci');
  assert.equal(grade({ path, content: { before: WORKFLOW, after: '' } }), 'T2 built-in/judge/ci');
});

test('judges in folders of others and of machines are judges', () => {
  for (const path of ['vendor/lib/AGENTS.md', 'dist/CODEOWNERS', 'third_party/x/conftest.py', 'node_modules/x/.npmrc'])
    assert.match(grade({ path, content: { before: 'a', after: 'b' } }), /^T2 built-in\/judge\//, path);
});

test('a check that moves behind what it guards is a change of both; keys of YAML may stand in any order', () => {
  const lines = ['  if (!allowed(user)) throw new Refused();', '  remove(order);'];
  const content = { before: lines.join('\n'), after: lines.toReversed().join('\n') };
  assert.equal(grade({ path: 'src/orders.ts', content }), 'T3 guards');
  const keys = ['a: allowed(x)', 'b: 1'];
  const yaml = { before: keys.join('\n'), after: keys.toReversed().join('\n') };
  assert.equal(grade({ path: 'a.yaml', content: yaml }).slice(0, 2), 'T1');
});

test('ends of lines alone change no line, and a lone carriage return ends one', () => {
  const before = 'a = 1\nallowed(b)\n';
  assert.equal(grade({ path: 'src/a.ts', content: { before, after: before.replaceAll('\n', '\r\n') } }), 'T0 all');
  assert.equal(grade({ path: 'src/a.ts', content: { before: '// x\n', after: '// x\rallowed(b)\n' } }), 'T3 guards');
});

for (const [what, path] of [
  ['a line break', 'docs/a\n.md'],
  ['a backslash, which is a folder to some', 'docs\\..\\AGENTS.md'],
  ['a dot at its end, which some leave out', 'AGENTS.md.'],
  ['a space at its end, which some leave out', 'AGENTS.md '],
  ['a folder with a dot at its end', '.github./workflows/ci.yml'],
  ['a space at its beginning', ' AGENTS.md'],
  ['a filler that shows as nothing', 'AGENTS\u3164.md'],
  ['a selector of forms', 'AGENTS\ufe0f.md'],
  ['a letter of nobody', 'AGENTS\ue000.md'],
  ['a direction', 'docs/\u202edm.stnega'],
  ['a way up', 'docs/../AGENTS.md'],
] as const)
  test(`a name with ${what} is T3`, () => {
    assert.equal(grade({ path }), 'T3 built-in/strange-name');
  });

for (const path of ['AGENT\u017f.md', '.github/wor\u212aflows/ci.yml', '\uff21GENTS.md', 'CODEOWNER\u017f'])
  test(`${path}, which some disks read as a judge, is one`, () => {
    assert.match(grade({ path, content: { before: 'a: 1', after: 'a: 2' } }), /^T2 built-in\/judge\//);
  });

test('names of people, composed or not, are names', () => {
  for (const path of ['docs/caf\u00e9.md', 'docs/cafe\u0301.md', 'docs/\u6587\u66f8.md'])
    assert.equal(grade({ path, content: { before: 'a', after: 'b' } }), 'T0 all', path);
});

test('links and submodules are T3 whichever side they stand on, whatever they replace', () => {
  for (const mode of ['120000', '160000'])
    for (const modes of [
      { oldMode: mode, newMode: '100644', status: 'type' },
      { oldMode: '100644', newMode: mode, status: 'type' },
      { oldMode: mode, newMode: null, status: 'deleted' },
      { oldMode: null, newMode: mode, status: 'added' },
    ] as const)
      assert.match(grade({ path: 'docs/a.md', ...modes }), /^T3 /);
});

test('an expression that fails for a file makes it T3, whatever the other rules say', () => {
  const rules = [
    { name: 'all', tier: 'T0', match: { paths: ['**'] } },
    { name: 'wrong', tier: 'T0', match: { paths: ['**/*.md'], cel: 'file.path > 1' } },
  ] as const;
  const failing = compilePolicy('failing', rules, engines);
  assert.ok(failing.ok);
  const one = {
    previousPath: null,
    status: 'modified',
    oldMode: '100644',
    newMode: '100644',
    added: 1,
    deleted: 1,
  } as const;
  const of = (path: string) => gradeChange(failing.value, [], { complete: true, files: [{ ...one, path }] }, noWork);
  assert.deepEqual([of('a.md').tier, of('a.md').rule], ['T3', 'built-in/unevaluated/wrong']);
  assert.equal(of('a.txt').tier, 'T0');
});

test('100,000 files are T3 at once, and nobody reads their texts', () => {
  const one: ChangedFile = {
    path: 'a.yaml',
    previousPath: null,
    status: 'added',
    oldMode: null,
    newMode: '100644',
    added: 1,
    deleted: 0,
  };
  const files = Array.from({ length: 100_000 }, (_, at) => ({ ...one, path: `docs/${at}.yaml` }));
  assert.ok(files.length > MAX_FILES);
  const spent = processorTime();
  assert.deepEqual(contentNeeded(policy, [], { complete: true, files }, noWork), []);
  const { tier, rule } = gradeChange(policy, [], { complete: true, files }, noWork);
  assert.deepEqual([tier, rule], ['T3', 'built-in/incomplete']);
  assert.ok(spent() < 1_000);
});
