// What is wrong with an input is said in one sentence where one looks for it, and nothing is lost.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Repository, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import { type KubeObject, PODS } from '#lib/kube';
import { until } from '../kit/cluster-wait.ts';
import { assertPlain, hostileText } from '../kit/hostile.ts';
import { HELD, makeNotes, type Notes } from '../kit/notes.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands, taskStarted } from '../kit/rig-hands.ts';
import {
  addRepository,
  applyRepository,
  createForgeRepository,
  OWNER,
  raiseConcurrency,
  untilReady,
} from '../kit/rig-repository.ts';

const run = promisify(execFile);

describe('a rig that is given bad input', { concurrency: true }, () => {
  let notes: Notes;
  let rig: Rig;
  let hands: Hands;

  before(async () => {
    notes = makeNotes();
    const args = ['--repo', notes.repository, '--test-command', 'test -f README.md', '--replay', notes.replay];
    rig = await new Rig({ args }).up();
    hands = new Hands(rig.layout);
    await raiseConcurrency(hands, 5);
  });

  after(async () => {
    await hands?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    notes?.[Symbol.dispose]();
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });

  it('an Issue whose Repository is missing: WHY and a condition name it, and applying the Repository heals it', async () => {
    const name = 'later';
    await createForgeRepository(hands, { name, source: notes.repository });
    await hands.createIssue('orphan', { repositoryRef: { name }, title: 'Add a note' });
    const issue = await hands.untilIssue('orphan', 'says what is missing', ({ status }) => status?.why);
    assert.match(issue.status?.why ?? '', /Repository.*later/);
    const ready = issue.status?.conditions?.find(({ type }) => type === 'Ready');
    assert.equal(ready?.status, 'False');
    assert.match(ready?.reason ?? '', /^Repository(Missing|NotReady)$/);
    await applyRepository(hands, { name, source: notes.repository });
    await hands.untilPhase('orphan', 'Done');
  });

  it('a repository without tests: the pull request says that no tests ran', async () => {
    const name = 'untested';
    await addRepository(hands, { name, source: notes.repository });
    await hands.createIssue(name, { repositoryRef: { name }, title: 'Add a note' });
    const { status } = await hands.untilPhase(name, 'Done');
    const { body } = await pull(name, status?.pullRequest?.number);
    assert.match(body.body, /No tests ran: neither `.rig-agent.yaml` on the base commit nor the Repository names/);
  });

  it('a pull request closed by hand: a person is asked, and reopening it goes on to the merge', async () => {
    const name = 'closed';
    // A check that nobody registers keeps the gate shut until the Repository no longer asks for it.
    const requiredChecks = { kind: 'listed', checks: [{ name: 'never', app: 'rig-ci' }] } as const;
    await addRepository(hands, { name, source: notes.repository, spec: { requiredChecks } as never });
    await hands.createIssue(name, { repositoryRef: { name }, title: 'Add a note' });
    await hands.untilEvent(name, ({ type }) => type === 'REVIEW_PASSED');
    const { status } = await hands.untilIssue(name, 'waits for the check', (issue) =>
      /never/.test(issue.status?.why ?? ''),
    );
    const number = status?.pullRequest?.number;
    await hands.forge('PATCH', `/repos/${OWNER}/${name}/pulls/${number}`, { state: 'closed' });
    const asked = await hands.untilPhase(name, 'AwaitingHuman');
    assert.match(asked.status?.why ?? '', new RegExp(`Pull request #${number} was closed by hand, .*; reopen it`));
    await hands.forge('PATCH', `/repos/${OWNER}/${name}/pulls/${number}`, { state: 'open' });
    await hands.untilIssue(name, 'goes on', (issue) => issue.status?.phase !== 'AwaitingHuman');
    const ref = { namespace: hands.namespace, name };
    await hands.client.patch<Repository & KubeObject>(resources.Repository as never, ref, {
      spec: { requiredChecks: { kind: 'none', checks: null } },
    });
    await hands.untilPhase(name, 'Done');
    const path = `/repos/${OWNER}/${name}/pulls?state=all`;
    const { body: pulls } = await hands.forge<{ merged_at: string | null }[]>('GET', path);
    assert.equal(pulls.filter(({ merged_at }) => merged_at !== null).length, 1);
  });

  it('a task that pushes another ref is refused by name, and one whose fence is dead is refused at every door', async () => {
    const name = 'pushed';
    await addRepository(hands, { name, source: notes.repository });
    await hands.createIssue(name, { repositoryRef: { name }, title: 'Add a note', body: HELD });
    await hands.untilEvent(name, taskStarted('implement'));
    const task = `${name}-implement-1-1`;
    const token = await taskToken(task);
    const clone = mkdtempSync(join(tmpdir(), 'clone-'));
    try {
      const git = gitOf(clone, task, token);
      await git('fetch', '--quiet', 'gateway', 'main');
      await git('checkout', '--quiet', '-b', 'mine', 'FETCH_HEAD');
      await git('commit', '--quiet', '--allow-empty', '--message', 'Sneak in');
      for (const ref of ['refs/heads/main', 'refs/heads/elsewhere', 'refs/tags/v1']) {
        const { stderr } = await git('push', 'gateway', `HEAD:${ref}`).then(
          () => assert.fail('was taken'),
          (e) => e,
        );
        assert.match(
          stderr,
          new RegExp(`task ${task} pushes exactly one ref, refs/heads/rig/${name}/1; it tried ${ref};`),
        );
      }
      const { body: branches } = await hands.forge<{ name: string }[]>('GET', `/repos/${OWNER}/${name}/branches`);
      assert.deepEqual(
        branches.map((branch) => branch.name),
        ['main'],
      );
      notes.release();
      await hands.untilPhase(name, 'Done');
      const { stderr } = await git('push', 'gateway', `HEAD:refs/heads/rig/${name}/1`).then(
        () => assert.fail('was taken'),
        (e) => e,
      );
      assert.match(stderr, /409/);
      const comment = { key: 'late', target: 'issue', body: 'Still here.' };
      const dead = await hands.task<{ reason: string; detail: string }>('POST', `${task}/comments`, token, comment);
      assert.equal(dead.status, 409);
      assert.match(JSON.stringify(dead.body), /DeadFence.*no longer holds its claim/);
      const beat = await hands.task<{ cancel: boolean }>('POST', `${task}/heartbeat`, token);
      assert.equal(beat.body.cancel, true);
    } finally {
      rmSync(clone, { recursive: true, force: true });
    }
  });

  it('a delivery with a bad signature, without JSON, or of an unknown repository is refused in one sentence and not stored', async () => {
    await untilReady(hands, requireUp(rig.layout).tenant.repository);
    const { body: repositories } = await hands.forge<{ id: number; full_name: string }[]>('GET', '/user/repos');
    const repository = repositories.find(({ full_name }) => full_name.startsWith(`${OWNER}/notes-`));
    const body = JSON.stringify({ action: 'opened', repository });
    const unknown = JSON.stringify({ action: 'opened', repository: { id: 999_999, full_name: 'some/where' } });
    const cases = [
      { body, secret: 'not the secret', status: 401, says: /X-Hub-Signature-256 does not match the body/ },
      { body: '{', secret: hands.secret('webhook-secret'), status: 400, says: /The body is not JSON/ },
      {
        body: unknown,
        secret: hands.secret('webhook-secret'),
        status: 404,
        says: /No Repository here follows some\/where/,
      },
    ];
    for (const { body, secret, status, says } of cases) {
      const answer = await deliver(body, secret);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.text, says);
    }
    const good = await deliver(body, hands.secret('webhook-secret'));
    assert.equal(good.status, 202);
    const again = await deliver(body, hands.secret('webhook-secret'), good.id);
    assert.equal(again.status, 200);
  });

  it('hostile words in title, body, label and command of a forge issue: worked as any other, and shown to nobody but as words', async () => {
    const name = 'hostile';
    await addRepository(hands, { name, source: notes.repository });
    const canary = join(rig.layout.root, 'canary');
    const hostile = hostileText(canary);
    const at = `/repos/${OWNER}/${name}`;
    const labels = ["';$(x)`y`\u202e*", 'rig'];
    const issue = { title: hostile.replaceAll('\n', ' '), body: `${hostile}\n${'x'.repeat(64_000 - hostile.length)}` };
    const { body: filed } = await hands.forge<{ number: number }>('POST', `${at}/issues`, issue);
    await hands.forge('POST', `${at}/issues/${filed.number}/labels`, { labels });
    const worked = await hands.untilPhase(`${name}-${filed.number}`, 'Done');
    assert.deepEqual([...worked.spec.labels].sort(), labels);
    assert.ok(issue.title.startsWith(worked.spec.title) && worked.spec.title.length === 256);
    assert.equal(worked.spec.body, issue.body);
    assertPlain(JSON.stringify(worked.status), 'the status');

    const commented = `/rig ${hostile.replaceAll('\n', ' ')}`;
    await hands.forge('POST', `${at}/issues/${filed.number}/comments`, { body: commented });
    const answer = await until('the command is answered', async () => {
      const { body: comments } = await hands.forge<{ body: string }[]>('GET', `${at}/issues/${filed.number}/comments`);
      return comments.find(({ body }) => body.includes('That is no command'))?.body;
    });
    assertPlain(answer, 'the answer');
    assert.match(answer, /^> `[\w /-]+…?`\n\nThat is no command/);
    const { body: commits } = await hands.forge<{ commit: { message: string } }[]>('GET', `${at}/commits?sha=main`);
    const merged = commits[0]?.commit.message ?? '';
    assertPlain(merged, 'the merge commit');
    assert.deepEqual(merged.match(/(close[sd]?|fixe[sd])\s+\S*#\d+/gi), [`Closes #${filed.number}`]);
    assert.doesNotMatch(merged, /\[skip ci\]|<!--/);

    for (const shown of [['status'], ['events', worked.metadata.name!], ['logs', worked.metadata.name!, '--all']])
      assertPlain((await hands.rig(...shown)).stdout, `rig ${shown[0]}`);
    for (const line of readFileSync(join(rig.layout.logs, 'operator.log'), 'utf8').trim().split('\n')) {
      assertPlain(line, 'a log line of the conductor');
      assert.equal(typeof JSON.parse(line).msg, 'string', 'one record a line');
    }
    assert.ok(!existsSync(canary), 'something ran what was only written');
  });

  it('a second rig up on the same data directory ends with 3 and names the first one', async () => {
    await using second = new Rig({ dataDir: rig.layout.root });
    assert.equal(await second.exitCode(), 3);
    assert.match(
      second.said,
      new RegExp(`^rig: A rig is already up on ${rig.layout.root} \\(process ${rig.pid}\\): stop it with .*\\n$`),
    );
  });

  const pull = (repository: string, number: number | undefined) =>
    hands.forge<{ body: string }>('GET', `/repos/${OWNER}/${repository}/pulls/${number}`);
  const taskURL = (task: string) => `${hands.urls.conductor}/v1/namespaces/${hands.namespace}/tasks/${task}`;

  /** The task's token for the conductor, got as its pod gets it. */
  async function taskToken(task: string): Promise<string> {
    const pods = await hands.client.list<KubeObject>(PODS as never, {
      namespace: hands.namespace,
      labelSelector: `rig.dashecorp.com/task=${task}`,
    });
    const uid = pods.items[0]?.metadata.uid ?? '';
    const podToken = readFileSync(join(rig.layout.data('kubelet'), 'pods', uid, 'volumes', 'token', 'token'), 'utf8');
    const answer = await hands.task<{ tokens: { conductor: string } }>('POST', `${task}/token`, podToken);
    assert.equal(answer.status, 200);
    return answer.body.tokens.conductor;
  }

  function gitOf(cwd: string, task: string, token: string): (...args: string[]) => Promise<{ stderr: string }> {
    const config = [
      '-c',
      `http.extraHeader=Authorization: Bearer ${token}`,
      '-c',
      'user.name=T',
      '-c',
      'user.email=t@rig.invalid',
    ];
    const remote = ['-c', `remote.gateway.url=${taskURL(task)}/git`];
    const initialised = run('git', ['init', '--quiet', cwd]);
    return async (...args) => {
      await initialised;
      return run('git', [...config, ...remote, ...args], { cwd, env: { ...process.env, GIT_TERMINAL_PROMPT: '0' } });
    };
  }

  async function deliver(body: string, secret: string, id: string = randomUUID()) {
    const signature = createHmac('sha256', secret).update(body).digest('hex');
    const answer = await fetch(`${hands.urls.conductor}/webhooks/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-delivery': id,
        'x-github-event': 'issues',
        'x-hub-signature-256': `sha256=${signature}`,
      },
      body,
    });
    return { id, status: answer.status, text: await answer.text() };
  }
});
