import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent, Repository } from '#crds';
import type { Actor } from '#domain';
import { KubeError, Stalled } from '#lib/kube';
import { SecretElsewhere } from '../forges/secrets.ts';
import { readAgents } from './agents.ts';

const repository = { metadata: { name: 'widgets' }, spec: { apiURL: 'https://forge.example' } } as Repository;
const account = (id: number, login: string): Actor => ({ id, login, kind: 'user' });
const dev = account(7, 'dev');
const gone = new Stalled('SecretMissing', 'No such Secret.');

/** A conductor that keeps what it remembers; `had` names the Agents that were given a task. */
function conductor(had: readonly string[] = []) {
  const kept: { agent_uid: string; account_id: string; login: string; kind: string }[] = [];
  const query = async (sql: string, values: string[] = []) => {
    if (sql.startsWith('INSERT INTO agent_accounts')) {
      const [, , agent_uid, account_id, login, kind] = values as [string, string, string, string, string, string];
      kept.unshift({ agent_uid, account_id, login, kind });
    }
    if (sql.includes('FROM agent_accounts')) return { rows: [...kept] };
    if (sql.startsWith('SELECT FROM tasks')) return { rows: [], rowCount: had.includes(values[0]!) ? 1 : 0 };
    return { rows: [] };
  };
  const pool = { query };
  /** Reads one Agent for each Secret, which leads to an account or an error. */
  return (secrets: Record<string, unknown>) => {
    const agents = Object.keys(secrets).map((name) => ({
      metadata: { name, uid: name },
      spec: { forgeCredentialsSecretRef: secrets[name] === undefined ? undefined : { name } },
    }));
    const forAgent = async ({ metadata }: Agent) => {
      const found = secrets[metadata.name!];
      if (found instanceof Error) throw found;
      return { actor: found };
    };
    const parts = { log: { pool }, objects: { agents: { list: () => agents } }, forges: { forAgent }, now: () => 0 };
    return readAgents(parts as never, 'team', repository);
  };
}
const told = ({ agents, accounts, unaccounted }: Awaited<ReturnType<ReturnType<typeof conductor>>>) => ({
  agents: agents.map((agent) => [agent.account?.login ?? null, agent.usable]),
  accounts: [...accounts].sort(),
  unaccounted,
});

test('an Agent whose Secret is for another forge, or that names none, has no account here and hides nobody', async () => {
  const far = new SecretElsewhere('SecretNotAllowed', 'For ghe.example.');
  assert.deepEqual(told(await conductor()({ dev, far, watcher: undefined })), {
    agents: [
      ['dev', true],
      [null, false],
      [null, false],
    ],
    accounts: [7],
    unaccounted: [],
  });
});

for (const [name, error] of [
  ['its Secret is missing', gone],
  ['the forge is away', new KubeError('Unavailable', 'no answer')],
] as const) {
  test(`when ${name} an Agent is known by the account it was last seen with, is no use for a review, and hides nobody`, async () => {
    const read = conductor(['dev']);
    await read({ dev });
    assert.deepEqual(told(await read({ dev: error })), { agents: [['dev', false]], accounts: [7], unaccounted: [] });
  });
}

test('an account that an Agent had before its Secret was changed stays no person', async () => {
  const read = conductor();
  await read({ dev });
  assert.deepEqual(told(await read({ dev: account(8, 'dev-2') })).accounts, [7, 8]);
  assert.deepEqual(told(await read({ dev: gone })).agents, [['dev-2', false]]);
});

test('the account of an Agent that was deleted stays no person', async () => {
  const read = conductor();
  await read({ dev });
  assert.deepEqual(told(await read({})).accounts, [7]);
});

test('an Agent never seen with an account that was never given a task has said nothing: it blocks no decision of a person', async () => {
  assert.deepEqual(told(await conductor()({ gone })).unaccounted, []);
});

test('an Agent that worked under an account nobody knows is named, and while it is, nobody is a person', async () => {
  assert.deepEqual(told(await conductor(['gone'])({ dev, gone })).unaccounted, ['gone']);
});
