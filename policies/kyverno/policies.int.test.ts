import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { makeAuthority } from '#lib/authority';
import { ensureBinary } from '../../hack/go/build.mjs';
import { kyvernoFolder } from '../../hack/kyverno/kyverno.int-kit.ts';

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

async function judge(folder: string, name: string, ...options: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, HOME: folder };
  const { stdout } = await promisify(execFile)(cli, ['test', join(folder, 'tests', name), ...options], { env });
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

test('Kyverno’s own tool: a client that is given an authority by a policy cannot be asked, which is why Kyverno itself is told whom to trust', async (t) => {
  const folder = copy(t);
  const file = join(folder, 'consent.yaml');
  const text = readFileSync(file, 'utf8');
  const { certificate } = await makeAuthority('kyverno', Date.now());
  const given = text.replace('http.Post(', () => `http.Client(${JSON.stringify(certificate)}).Post(`);
  assert.notEqual(given, text);
  writeFileSync(file, given);
  const said = await judge(folder, 'allowed', '--detailed-results').catch((error: { stdout: string }) => error.stdout);
  assert.match(said, /no such overload: Post\(/);
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

/** Kyverno's chart without the parts of it that are fetched from elsewhere. */
async function chart(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rig-kyverno-chart-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(await kyvernoFolder('charts', 'kyverno'), folder, { recursive: true });
  const file = join(folder, 'Chart.yaml');
  const told = parse(readFileSync(file, 'utf8')) as { dependencies: { name: string }[] };
  const dependencies = told.dependencies.filter(({ name }) => existsSync(join(folder, 'charts', name)));
  // A module's files may not be written.
  chmodSync(file, 0o600);
  writeFileSync(file, stringify({ ...told, dependencies }));
  return folder;
}

interface Deployment {
  kind: string;
  spec: { template: { spec: { containers: Container[]; volumes: { name: string; configMap?: object }[] } } };
}
interface Container {
  env: { name: string; value?: string }[];
  volumeMounts: { name: string; mountPath: string }[];
}

test('Kyverno’s own chart has the admission controller trust the verifier’s authority by the values beside the policies', async (t) => {
  const helm = await ensureBinary('helm', { onProgress: (line) => console.error(line) });
  const values = join(import.meta.dirname, 'chart', 'values.yaml');
  const shown = 'templates/admission-controller/deployment.yaml';
  const args = ['template', 'kyverno', await chart(t), '-n', 'kyverno', '-f', values, '-s', shown];
  const { stdout } = await promisify(execFile)(helm, args);
  const [deployment] = parseAllDocuments(stdout).map((one) => one.toJS() as Deployment);
  const { containers, volumes } = deployment!.spec.template.spec;
  const [{ env, volumeMounts }] = containers as [Container];
  const folders = env.find(({ name }) => name === 'SSL_CERT_DIR')?.value?.split(':') ?? [];
  const mounted = volumeMounts.filter(({ mountPath }) => folders.includes(mountPath)).map(({ name }) => name);
  const held = volumes.filter(({ name }) => mounted.includes(name)).map(({ configMap }) => configMap);
  assert.deepEqual(held, [{ name: 'rig-verifier-authority', optional: true }]);
  assert.ok(folders.includes('/etc/ssl/certs'));
});
