import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { annotations, type Repository } from '#crds';
import { createForge } from '#lib/forge';
import type { KubeObject } from '#lib/kube';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { World } from '../../local/forge/testing/world.ts';
import { protectWith } from './repo.ts';

let world: World;
before(async () => {
  world = await World.start({ webhookRetrySeconds: [] });
});
after(() => world?.close());

const repository = (noted: Record<string, string> = {}) =>
  ({
    metadata: { name: 'widgets', namespace: 'team', annotations: noted },
    spec: {
      owner: 'acme',
      name: 'widgets',
      defaultBranch: 'main',
      mergeMethod: 'squash',
      requiredChecks: { kind: 'listed', checks: [{ name: 'unit', app: 'checker' }] },
      enforcement: { kind: 'ruleset' },
    },
  }) as unknown as Repository & KubeObject;

/** Runs the command as `login`; answers its result, what it told the person, its error, and what it wrote on the Repository. */
async function protect(login: string, { dryRun = false, noted = {}, url = world.forge.apiURL } = {}) {
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
  const error = await protectWith({ forge, client: { patch }, repository: repository(noted), terminal, dryRun }).then(
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
