import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { World } from '../../local/forge/testing/world.ts';
import { type ForgeWorld, forgeContract } from './contract.ts';
import { createForge } from './github.ts';
import { parseDelivery } from './webhook.ts';

let world: World | undefined;
after(() => world?.close());

async function start(): Promise<ForgeWorld> {
  const at = await World.start({ webhookRetrySeconds: [] });
  world = at;
  let sent = 0;
  const as = (login: string, onAnswer = () => {}) =>
    createForge({ baseURL: at.forge.apiURL, token: at.tokens.get(login) ?? '', writeIntervalMs: 0, onAnswer });
  const path = '/repos/acme/widgets';
  return {
    repo: { owner: 'acme', name: 'widgets' },
    developer: as('dev', () => {
      sent++;
    }),
    reviewer: as('reviewer'),
    admin: as('boss'),
    outsider: as('outsider'),
    nobody: createForge({ baseURL: at.forge.apiURL, token: 'ghp_nobodyhasthistoken0000' }),
    requests: () => sent,
    push: (branch, content, commits = 1) => push(at, branch, content, commits),
    check: async (sha, name, conclusion) => {
      const body = { name, head_sha: sha, status: 'completed', conclusion };
      await at.rest('checker', `POST ${path}/check-runs`, body);
    },
    attest: async (bundle) => {
      await at.rest('dev', `POST ${path}/attestations`, { bundle });
    },
    status: async (sha, context, state) => {
      await at.rest('dev', `POST ${path}/statuses/${sha}`, { context, state });
    },
  };
}

async function push(at: World, branch: string, content: string, commits: number): Promise<string> {
  await at.git('work', 'fetch', '-q', at.remote('dev'), '+refs/heads/*:refs/remotes/origin/*');
  const known = (await at.git('work', 'branch', '-r', '--list', `origin/${branch}`)) !== '';
  await at.git('work', 'checkout', '-q', '-B', branch, known ? `origin/${branch}` : 'origin/main');
  for (let i = 1; i < commits; i++) await at.git('work', 'commit', '-q', '--allow-empty', '-m', `step ${i}`);
  const sha = await at.commit('work', 'a.txt', content, `change on ${branch}`);
  await at.git('work', 'push', '-q', at.remote('dev'), branch);
  return sha;
}

forgeContract('the loopback forge', start);

/** Events of which nothing follows; a comment that is edited or deleted, too. */
const IGNORED = new Set(['create', 'delete', 'label', 'issue_comment']);

test('who edited a text is told with the moment of the edit', async () => {
  assert.ok(world);
  const forge = createForge({ baseURL: world.forge.apiURL, token: world.tokens.get('dev') ?? '' });
  const repo = { owner: 'acme', name: 'widgets' };
  const { number } = await forge.createIssue(repo, { title: 'edited', body: 'first' });
  await world.rest('boss', `PATCH /repos/acme/widgets/issues/${number}`, { body: 'second' });
  const told = (await forge.issueEditors(repo, [number])).get(number);
  assert.equal(told?.editor?.login, 'boss');
  assert.equal(told?.editedAt, (await forge.issue(repo, number)).updatedAt);
});

test('every delivery the loopback forge sent meanwhile is read, and reviews and checks carry the ids of the API', async () => {
  assert.ok(world);
  await world.listener.settled();
  const updates = world.listener.received.flatMap(({ event, payload }) => {
    const parsed = parseDelivery(event, payload);
    assert.ok(parsed.ignored === null || IGNORED.has(event), `${event}: ${parsed.ignored}`);
    return parsed.updates;
  });
  const kinds = new Set(updates.map(({ kind }) => kind));
  for (const kind of [
    'issue',
    'comment',
    'pull-request',
    'push',
    'check',
    'check-suite',
    'review',
    'review-comment',
    'thread',
    'ping',
  ] as const)
    assert.ok(kinds.has(kind), `no ${kind} came`);
  assert.ok(updates.every((update) => update.actor !== null && update.repository === 'widgets'));

  const forge = createForge({ baseURL: world.forge.apiURL, token: world.tokens.get('dev') ?? '' });
  const status = updates.find((update) => update.kind === 'check' && update.facts.app === null);
  const review = updates.find((update) => update.kind === 'review');
  assert.ok(status?.kind === 'check' && review?.kind === 'review');
  const repo = { owner: 'acme', name: 'widgets' };
  const pulls = await forge.listPullRequests(repo);
  assert.ok(!pulls.notModified);
  const number = pulls.items.find((pull) => pull.head.sha === status.sha)?.number ?? 0;
  const { checks } = await forge.pullRequest(repo, number);
  assert.ok(checks.some((check) => check.id === status.facts.id && check.name === status.facts.name));
  const { reviews } = await forge.pullRequest(repo, review.number);
  assert.ok(reviews.some((one) => one.id === review.facts.id));
});
