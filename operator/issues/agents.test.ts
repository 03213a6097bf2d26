import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Agent, Repository } from '#crds';
import { KubeError, Stalled } from '#lib/kube';
import { SecretElsewhere } from '../forges/secrets.ts';
import { readAgents } from './agents.ts';

const repository = { metadata: { name: 'widgets' } } as Repository;

/** One Agent for each Secret, which leads to an account or an error. */
function reading(secrets: Record<string, unknown>) {
  const agents = Object.keys(secrets).map((name) => ({
    metadata: { name, uid: `uid-${name}` },
    spec: { forgeCredentialsSecretRef: secrets[name] === undefined ? undefined : { name } },
  }));
  const forAgent = async ({ metadata }: Agent) => {
    const found = secrets[metadata.name!];
    if (found instanceof Error) throw found;
    return { actor: found };
  };
  const conductor = {
    log: { pool: { query: async () => ({ rows: [] }) } },
    objects: { agents: { list: () => agents } },
    forges: { forAgent },
  };
  return readAgents(conductor as never, 'team', repository);
}

const dev = { id: 7, login: 'dev', kind: 'user' };

test('an Agent whose Secret is for another forge, or that names none, has no account here and hides nobody', async () => {
  const elsewhere = new SecretElsewhere('SecretNotAllowed', 'For ghe.example.');
  const { agents, unaccounted } = await reading({ dev, far: elsewhere, watcher: undefined });
  assert.deepEqual([agents.map(({ account }) => account?.id), unaccounted], [[7, undefined, undefined], []]);
});

test('an Agent whose account cannot be told is named: a Secret that is missing, a forge that is away', async () => {
  const gone = new Stalled('SecretMissing', 'No such Secret.');
  const { agents, unaccounted } = await reading({ dev, gone, away: new KubeError('Unavailable', 'no answer') });
  assert.deepEqual(
    [agents.map(({ account }) => account?.id), unaccounted],
    [
      [7, undefined, undefined],
      ['gone', 'away'],
    ],
  );
});
