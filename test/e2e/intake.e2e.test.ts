// Three ways in, one pipeline; and what kubectl shows of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { until } from '../kit/cluster-wait.ts';
import { makeNotes, type Notes, UNANSWERED } from '../kit/notes.ts';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { OWNER, raiseConcurrency } from '../kit/rig-repository.ts';

describe('a running rig', { concurrency: true }, () => {
  let notes: Notes;
  let rig: Rig;
  let hands: Hands;
  /** Name of the Repository, and of the repository at the forge. */
  let repository: string;

  before(async () => {
    notes = makeNotes();
    const args = ['--repo', notes.repository, '--test-command', 'test -f README.md', '--replay', notes.replay];
    rig = await new Rig({ args }).up();
    hands = new Hands(rig.layout);
    await raiseConcurrency(hands, 4);
    [repository = ''] = await namesOf('repositories');
  });

  after(async () => {
    await hands?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    notes?.[Symbol.dispose]();
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });

  it('kubectl apply of an Issue without a number: it is filed at the forge once, worked and merged, and kubectl shows it', async () => {
    await hands.kubectl(['apply', '-f', '-'], issueYAML('applied', 'Add a note by kubectl'));
    for (const condition of ['Merged', 'Done'])
      await hands.kubectl(['wait', `--for=condition=${condition}`, 'issue/applied', '--timeout=240s']);
    const { status } = await hands.issue('applied');
    const { body: filed } = await forge<{ title: string; state: string }>(`issues/${status?.number}`);
    assert.deepEqual([filed.title, filed.state], ['Add a note by kubectl', 'closed']);
    const columns = (await hands.kubectl(['get', 'issues', 'applied'])).trim().split('\n');
    assert.match(columns[0] ?? '', /^NAME +REPO +# +TIER +CLASS +PHASE +PR +WHY/);
    assert.match(
      columns[1] ?? '',
      new RegExp(`^applied +${repository} +${status?.number} +T0 .* Done +${status?.pullRequest?.number} `),
    );
    const described = await hands.kubectl(['describe', 'issue', 'applied']);
    assert.match(described, /Merged as [0-9a-f]{40}/);
    assert.match(described, /Dispatched .*dev-e was given implement task applied-implement-1-1/);
    const logs = await hands.kubectl(['logs', '-l', 'rig.dashecorp.com/task=applied-implement-1-1', '--tail=-1']);
    assert.match(logs, /"reason":"Delivered"/);
  });

  it('rig issue create: the Issue gets a name, a number and a merged change', async () => {
    const created = await hands.rig('issue', 'create', '--json', '--title', 'Add a note by rig', '--body', 'Please.');
    assert.equal(created.code, 0, created.stderr);
    const { name } = JSON.parse(created.stdout).issue as { name: string };
    const { status } = await hands.untilPhase(name, 'Done');
    const { body } = await forge<{ title: string }>(`issues/${status?.number}`);
    assert.equal(body.title, 'Add a note by rig');
  });

  it('a forge issue that a person with write permission labels: an Issue named after its number, worked and merged', async () => {
    const { body: filed } = await post<{ number: number }>('issues', { title: 'Add a note by hand', body: 'Please.' });
    await post(`issues/${filed.number}/labels`, { labels: ['rig'] });
    const name = `${repository}-${filed.number}`;
    await until('the Issue is there', async () => (await namesOf('issues')).includes(name));
    await hands.untilPhase(name, 'Done');
    const approved = (await hands.log(name)).find(({ type }) => type === 'ISSUE_APPROVED');
    assert.match(JSON.stringify(approved?.data), /"login":"you"/);
    const { body: closed } = await forge<{ state: string }>(`issues/${filed.number}`);
    assert.equal(closed.state, 'closed');
  });

  it('a label by an account without write permission starts nothing, and the delivery says so', async () => {
    const token = 'ghp_0123456789abcdef0123456789abcdef';
    await hands.admin('POST', '/users', { login: 'stranger', type: 'User', token });
    await hands.admin('PUT', `/repositories/${OWNER}/${repository}/collaborators/stranger`, { permission: 'triage' });
    const { body: filed } = await post<{ number: number }>(
      'issues',
      { title: 'Add a note uninvited', body: '' },
      token,
    );
    const labelled = await post(`issues/${filed.number}/labels`, { labels: ['rig'] }, token);
    assert.equal(labelled.status, 200, 'a triager may label');
    const detail = await until('the delivery was applied', () => detailOfLabel(filed.number));
    assert.match(detail, /stranger may not write to the repository, so the label starts nothing/);
    assert.ok(!(await namesOf('issues')).includes(`${repository}-${filed.number}`));
  });

  it('an issue the replay cannot answer: it fails after its attempts, and WHY names the replay', async () => {
    await hands.createIssue('unanswered', { repositoryRef: { name: repository }, title: 'Do more', body: UNANSWERED });
    const { status } = await hands.untilPhase('unanswered', 'Failed');
    assert.match(status?.why ?? '', /All 3 attempts are used up; the last one ended with ReplayDry/);
    assert.match(status?.why ?? '', /replay/);
  });

  it('kubectl explain knows what a field is for', async () => {
    const text = await hands.kubectl(['explain', 'issue.spec.tier']);
    assert.match(text, /KIND: +Issue\n.*ENUM:\n +T0\n.*never lowered/s);
  });

  const forge = <T>(path: string) => hands.forge<T>('GET', `/repos/${OWNER}/${repository}/${path}`);
  const post = <T>(path: string, body: object, token?: string) =>
    hands.forge<T>('POST', `/repos/${OWNER}/${repository}/${path}`, body, token);

  async function namesOf(kind: string): Promise<string[]> {
    const names = await hands.kubectl(['get', kind, '-o', 'jsonpath={.items[*].metadata.name}']);
    return names.trim().split(/\s+/);
  }

  function issueYAML(name: string, title: string): string {
    const spec = `spec: { repositoryRef: { name: ${repository} }, title: ${title}, body: Please. }`;
    return `apiVersion: rig.dashecorp.com/v1alpha1\nkind: Issue\nmetadata: { name: ${name} }\n${spec}\n`;
  }

  /** What the conductor noted for the delivery that told of the label, once it was applied. */
  async function detailOfLabel(number: number): Promise<string | undefined> {
    const url = readFileSync(join(rig.layout.identities, 'rig_conductor.url'), 'utf8');
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      const { rows } = await client.query<{ body: Buffer; detail: string }>(
        `SELECT body, detail FROM deliveries WHERE event = 'issues' AND finished_at IS NOT NULL`,
      );
      const payloads = rows.map(({ body, detail }) => ({ detail, payload: JSON.parse(body.toString('utf8')) }));
      return payloads.find(({ payload }) => payload.action === 'labeled' && payload.issue.number === number)?.detail;
    } finally {
      await client.end();
    }
  }
});
