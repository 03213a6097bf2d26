import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { annotations, type Repository } from '#crds';
import { createForge } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { World } from '../../local/forge/testing/world.ts';
import { protectWith, requireHost } from './repo.ts';

let world: World;
before(async () => {
  world = await World.start({ webhookRetrySeconds: [] });
});
after(() => world?.close());

const repository = (noted: Record<string, string> = {}, id?: number) =>
  ({
    ...(id !== undefined && {
      status: { forge: { host: 'forge.example', repositoryID: id, fullName: 'acme/widgets' } },
    }),
    metadata: { name: 'widgets', namespace: 'team', annotations: noted },
    spec: {
      owner: 'acme',
      name: 'widgets',
      defaultBranch: 'main',
      mergeMethod: 'squash',
      requiredChecks: { kind: 'listed', checks: [{ name: 'unit', app: 'checker' }] },
      enforcement: { kind: 'ruleset', approvalApp: 'checker' },
    },
  }) as unknown as Repository & KubeObject;

interface Given {
  readonly dryRun?: boolean;
  readonly noted?: Record<string, string>;
  readonly url?: string;
  /** The forge's id of the repository, once the conductor has found it. */
  readonly id?: number;
}

/** Runs the command as `login`; answers its result, what it told the person, its error, and what it wrote on the Repository. */
async function protect(login: string, given: Given = {}) {
  const { dryRun = false, noted = {}, url = world.forge.apiURL, id } = given;
  const out: string[] = [];
  const said: string[] = [];
  const stream = (into: string[]) => ({ write: (text: string) => into.push(text) > 0 });
  const terminal = createTerminal({ json: true, stdout: stream(out), stderr: stream(said) });
  const patched: Record<string, string>[] = [];
  const patch = async (_: unknown, __: unknown, body: unknown) => {
    patched.push((body as { metadata: { annotations: Record<string, string> } }).metadata.annotations);
    return {} as never;
  };
  const token = world.tokens.get(login) ?? 'ghp_nobodyhasthistoken0000';
  const forge = createForge({ baseURL: url, token, writeIntervalMs: 0, retries: 0 });
  const error = await protectWith({
    forge,
    client: { patch },
    repository: repository(noted, id),
    terminal,
    dryRun,
  }).then(
    () => null,
    (reason: unknown) => reason as ExitError,
  );
  return { result: out.length === 0 ? null : JSON.parse(out.join('')), said: said.join(''), error, patched };
}

test('one who may not administer the repository is told what it takes, and nothing is written', async () => {
  for (const login of ['dev', 'nobody']) {
    const { error, patched } = await protect(login);
    assert.ok(error instanceof ExitError && error.code === ExitCode.NotDone, String(error));
    assert.match(
      error.message,
      /could not be written \(40[134]\): .* takes administration of the repository: give a token/,
    );
    assert.deepEqual(patched, []);
  }
});

test('a dry run shows what differs and writes nothing', async () => {
  const { result, said, error, patched } = await protect('boss', { dryRun: true });
  assert.equal(error, null);
  assert.deepEqual([result.enforced, result.written, result.dryRun, patched], [false, false, true, []]);
  assert.match(said, /^main may be deleted$/m);
  assert.match(said, /^check unit of checker is not required$/m);
  assert.equal((await protect('boss', { dryRun: true })).result.enforced, false);
});

test('the ruleset is written once and noted on the Repository; a second run shows and writes nothing', async () => {
  const first = await protect('boss');
  assert.deepEqual(first.result, { enforced: true, written: true, dryRun: false, differences: [] });
  const noted = first.patched[0]!;
  assert.match(noted[annotations.ruleset]!, /^\d+@\d{4}-/);
  const second = await protect('boss', { noted });
  assert.deepEqual(second.result, { enforced: true, written: false, dryRun: false, differences: [] });
  assert.deepEqual([second.said, second.patched], ['', []]);
});

test('a ruleset that holds and is not noted on the Repository is noted', async () => {
  const { result, patched } = await protect('boss');
  assert.equal(result.enforced, true);
  assert.equal(patched.length, 1);
});

test('what another ruleset asks beyond the Repository is left alone, named, and no success', async () => {
  const rules = [
    {
      type: 'required_status_checks',
      parameters: { strict_required_status_checks_policy: false, required_status_checks: [{ context: 'nightly' }] },
    },
  ];
  const conditions = { ref_name: { include: ['refs/heads/main'], exclude: [] } };
  const strict = { name: 'strict', target: 'branch', enforcement: 'active', conditions, rules };
  const { body } = await world.rest('boss', 'POST /repos/acme/widgets/rulesets', strict, 201);
  const { result, error } = await protect('boss');
  assert.deepEqual(result.differences, ['check nightly is required, which the Repository does not list']);
  assert.ok(error?.code === ExitCode.NotDone && /in other rulesets of the forge/.test(error.message));
  await world.rest('boss', `DELETE /repos/acme/widgets/rulesets/${body.id}`, undefined, 204);
});

test('a forge that is away is told as that', async () => {
  const { error } = await protect('boss', { url: 'http://127.0.0.1:1/api/v3' });
  assert.equal(error?.code, ExitCode.Environment);
});

test('a token goes only to the host that its owner names, and over TLS', () => {
  for (const [apiURL, named] of [
    ['https://api.github.com', undefined],
    ['https://api.github.com', 'github.com'],
    ['https://ghe.example/api/v3', 'ghe.example'],
    ['https://ghe.example:8443/api/v3', 'GHE.example:8443'],
  ] as const)
    requireHost(apiURL, named);
  for (const [apiURL, named] of [
    ['https://ghe.evil.example/api/v3', undefined],
    ['https://api.github.com.evil.example', undefined],
    ['http://api.github.com', undefined],
    ['https://api.github.com', 'ghe.example'],
    ['https://ghe.example:8443/api/v3', 'ghe.example'],
    ['no URL', undefined],
  ] as const)
    assert.throws(
      () => requireHost(apiURL, named),
      (error) => error instanceof ExitError && error.code === ExitCode.Usage && /nothing was sent/.test(error.message),
      apiURL,
    );
});

test('after a rename the ruleset is written to the repository that was meant, not to one that has its old name now', async () => {
  const { id } = (await world.rest('boss', 'GET /repos/acme/widgets')).body;
  await world.rest('boss', 'PATCH /repos/acme/widgets', { name: 'gizmos' });
  await world.admin('POST', '/repositories', {
    owner: 'acme',
    name: 'widgets',
    source: { path: `${world.dir}/seed` },
    collaborators: { boss: 'admin' },
  });
  const { result, said, error } = await protect('boss', { id });
  assert.deepEqual([error, result.enforced], [null, true]);
  assert.match(said, /^acme\/widgets is acme\/gizmos now$/m);
  assert.deepEqual((await world.rest('boss', 'GET /repos/acme/widgets/rulesets')).body, []);
});
