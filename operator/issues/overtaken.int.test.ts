import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import type { Forge } from '#lib/forge';
import { silentLogger } from '#lib/observe';
import { until } from '../../test/kit/cluster-wait.ts';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { claimedIssue, secondAttempt, type TestApi, type TestTask } from '../api/task.int-kit.ts';
import { override } from '../forges/unsure.int-kit.ts';
import { type AgentGit, gatewayForFile } from '../gateway/git.int-kit.ts';
import type { Conductor } from './context.ts';
import { IssueController } from './controller.ts';

const TEXT = { title: 'Mend it', what: 'A', why: 'B', proof: 'C', risk: 'D' };
let rig: TestConductor;
let api: TestApi;
let git: AgentGit;

before(async () => {
  ({ rig, api, git } = await gatewayForFile());
});

/** The task pushes, and opens its pull request. */
async function deliver(task: TestTask): Promise<number> {
  const clone = await git.clone(task, task.branch.replaceAll('/', '-'));
  await git.commit(clone, `${task.issue}.txt`, `${task.branch}\n`);
  assert.equal((await git.push(task, clone)).code, 0);
  const opened = await api.app.request(`${task.path}/pull-request`, {
    method: 'POST',
    headers: { authorization: `Bearer ${task.token}` },
    body: JSON.stringify(TEXT),
  });
  return ((await opened.json()) as { number: number }).number;
}

/** An issue whose second attempt has its pull request, and that of the first one, which is open still. */
async function begunAgain(name: string): Promise<{ task: TestTask; number: number }> {
  const task = await claimedIssue(api, name);
  const number = await deliver(task);
  await deliver(await secondAttempt(api, task));
  assert.deepEqual((await rig.conductor.log.load(task.subject)).stalePullRequests, [number]);
  return { task, number };
}

/** The conductor, at whose forge something happens right before a pull request is closed. */
function closing(first: (number: number) => Promise<unknown>): Conductor {
  const { forges } = rig.conductor;
  const forRepository: typeof forges.forRepository = async (...args) => {
    const account = await forges.forRepository(...args);
    const { forge } = account;
    const updatePullRequest: Forge['updatePullRequest'] = async (repo, number, change) => {
      if (change.state === 'closed') await first(number);
      return forge.updatePullRequest(repo, number, change);
    };
    return { ...account, forge: override(forge, { updatePullRequest }) };
  };
  return { ...rig.conductor, forges: Object.create(forges, { forRepository: { value: forRepository } }) };
}

async function run(t: TestContext, conductor: Conductor): Promise<void> {
  const issues = new IssueController(conductor, silentLogger);
  rig.grown.add((subject, growth) => issues.grew(subject, growth));
  await issues.controller.start();
  t.after(async () => {
    await issues.controller.stop({ graceMs: 1_000 });
    await issues.idle();
  });
}

async function told({ subject }: TestTask): Promise<[string, number][]> {
  const { rows } = await rig.db.pool.query(
    "SELECT type, data FROM events WHERE stream = $1 AND type IN ('PR_CLOSED', 'MERGED') ORDER BY version",
    [subject.id],
  );
  return rows.map(({ type, data }) => [type, data.number]);
}

test('a merge that comes before the closing of an earlier attempt’s pull request is told as the merge of the issue', async (t) => {
  const { task, number } = await begunAgain('overtaken');
  await run(
    t,
    closing((at) => rig.world.rest('boss', `PUT /repos/acme/widgets/pulls/${at}/merge`, {}, 200)),
  );
  await until('it is told', async () => (await told(task)).length > 0);
  assert.deepEqual(await told(task), [['MERGED', number]]);
});

test('a pull request of an earlier attempt is closed, once, and told as closed', async (t) => {
  const { task, number } = await begunAgain('closed');
  let calls = 0;
  await run(
    t,
    closing(async () => {
      calls += 1;
    }),
  );
  await until('it is told', async () => (await told(task)).length > 0);
  assert.deepEqual([await told(task), calls], [[['PR_CLOSED', number]], 1]);
});
