import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { ensureBinary } from '../../hack/go/build.mjs';

let cli: string;

before(async () => {
  cli = `${await ensureBinary('kyverno', { onProgress: (line) => console.error(line) })}-cli`;
});

/** A copy of the policies and their tests; the tool reads policies beside its tests alone. */
function copy(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'rig-kyverno-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(import.meta.dirname, folder, { recursive: true });
  return folder;
}

async function judge(folder: string, name: string): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder };
  const { stdout } = await promisify(execFile)(cli, ['test', join(folder, 'tests', name)], { env });
  return stdout;
}

for (const name of ['allowed', 'refused', 'unanswered'])
  test(`Kyverno’s own tool: the policy of consent where the verifier answers as in ${name}`, async (t) => {
    assert.match(await judge(copy(t), name), /1 tests passed and 0 tests failed/);
  });

const attested = ['', '-unchanged', '-person-alone', '-machine-alone', '-same-twice', '-refused', '-unanswered'];
attested.push('-forgotten', '-forgotten-end', '-errand', '-no-errand');
for (const name of attested.map((what) => `attested${what}`))
  test(`Kyverno’s own tool: the policy of two attestors where the verifier answers as in ${name}`, async (t) => {
    assert.match(await judge(copy(t), name), /1 tests passed and 0 tests failed/);
  });

for (const [what, name, from, to] of [
  ['takes any yes', 'attested-person-alone', /&& \(variables\.answer\.body\.attestors[\s\S]*?\)\)\)\n/, '\n'],
  ['takes an answer that names nobody', 'attested-forgotten', 'variables.errand || variables.same', 'true'],
  [
    'believes that every end is an errand',
    'attested-forgotten-end',
    'variables.errand || variables.same',
    'request.operation == "DELETE"',
  ],
  [
    'believes that controllers do errands alone',
    'attested-no-errand',
    'variables.errand ||',
    'variables.user != "" ||',
  ],
  [
    'counts one name twice',
    'attested-same-twice',
    'machine.subject != human.subject || machine.issuer != human.issuer',
    'true',
  ],
] as const)
  test(`Kyverno’s own tool finds a policy of two attestors that ${what}`, async (t) => {
    const folder = copy(t);
    const file = join(folder, 'attestors.yaml');
    const text = readFileSync(file, 'utf8');
    const loose = text.replace(from, to);
    assert.notEqual(loose, text);
    writeFileSync(file, loose);
    await assert.rejects(judge(folder, name), /1 tests failed/);
  });

test('Kyverno’s own tool finds a policy that takes any answer for a yes', async (t) => {
  const folder = copy(t);
  const file = join(folder, 'consent.yaml');
  const text = readFileSync(file, 'utf8');
  const loose = text.replace('variables.answer.body.allowed == true', 'has(variables.answer.body)');
  assert.notEqual(loose, text);
  writeFileSync(file, loose);
  await assert.rejects(judge(folder, 'refused'), /1 tests failed/);
});
