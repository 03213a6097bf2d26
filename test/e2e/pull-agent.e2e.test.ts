// An Agent whose clients live elsewhere: the reference client and the page's own lines of curl work an issue to its pull request.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { type Agent, type AgentTask, labels, resources } from '#crds';
import { requireUp } from '#lib/datadir';
import { JOBS, type KubeObject, SECRETS } from '#lib/kube';
import { until } from '../kit/cluster-wait.ts';
import { makeNotes, type Notes } from '../kit/notes.ts';
import { Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { addRepository, OWNER } from '../kit/rig-repository.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const AGENT = 'dev-e';
const REPOSITORY = 'afar';
const CREDENTIAL = randomBytes(32).toString('hex');
const run = promisify(execFile);

describe('an Agent that pulls its work', () => {
  let notes: Notes;
  let rig: Rig;
  let hands: Hands;
  let folder: string;

  before(async () => {
    notes = makeNotes();
    folder = mkdtempSync(join(tmpdir(), 'pull-agent-e2e-'));
    writeFileSync(join(folder, 'token'), `${CREDENTIAL}\n`);
    rig = await new Rig({
      args: ['--repo', notes.repository, '--test-command', 'test -f README.md', '--replay', notes.replay],
    }).up();
    hands = new Hands(rig.layout);
    const { namespace } = hands;
    await hands.client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'dev-e-client', namespace, labels: { [labels.agent]: AGENT } },
      data: { token: Buffer.from(CREDENTIAL).toString('base64') },
    } as KubeObject);
    await hands.client.patch<Agent & KubeObject>(resources.Agent as never, { namespace, name: AGENT }, {
      spec: { dispatch: 'pull', clientCredentialsSecretRef: { name: 'dev-e-client' } },
    } as never);
    await addRepository(hands, { name: REPOSITORY, source: notes.repository });
  });

  after(async () => {
    await hands?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    notes?.[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function proveNoJob(task: string): Promise<AgentTask> {
    const ref = { namespace: hands.namespace, name: task };
    assert.equal(await hands.client.find(JOBS, ref), undefined);
    return hands.client.get<AgentTask & KubeObject>(resources.AgentTask as never, ref);
  }

  it('the reference client that waits takes an issue when it comes, and works it to its pull request', async () => {
    const client = startClient(
      'afar-1',
      'cp "$RIG_ASSIGNMENT" assignment.json && grep -q gateway assignment.json; echo noted > by-client.txt',
    );
    await hands.createIssue('by-client', { repositoryRef: { name: REPOSITORY }, title: 'Add a note from afar' });
    const { data } = await hands.untilEvent('by-client', ({ type }) => type === 'PR_CREATED');
    const number = (data as { number: number }).number;
    const files = await hands.forge<{ filename: string }[]>(
      'GET',
      `/repos/${OWNER}/${REPOSITORY}/pulls/${number}/files`,
    );
    assert.deepEqual(files.body.map(({ filename }) => filename).sort(), ['assignment.json', 'by-client.txt']);
    await hands.untilEvent('by-client', ({ type }) => type === 'TASK_FINISHED');
    assert.equal(await client.ended, 0, client.said());
    assert.match(client.said(), /by-client-implement-1-1: succeeded: Pushed to http/);
    assert.ok(!client.said().includes(CREDENTIAL));
    const task = await until('the status tells who took it', async () => {
      const object = await proveNoJob('by-client-implement-1-1');
      return object.status?.phase === 'Succeeded' ? object : undefined;
    });
    assert.deepEqual([task.status?.client, task.status?.job], ['afar-1', undefined]);
  });

  it('the lines of the page work an issue by hand', async () => {
    const page = readFileSync(join(ROOT, 'docs', 'pull-agents.md'), 'utf8');
    const script = [...page.slice(page.indexOf('## With curl')).matchAll(/```sh\n(.*?)```/gs)]
      .slice(0, 2)
      .map(([, lines]) => lines)
      .join('\n');
    await hands.createIssue('by-hand', { repositoryRef: { name: REPOSITORY }, title: 'Add a note by hand' });
    await hands.untilIssue('by-hand', 'queued', ({ status }) => status?.phase === 'Queued');
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      CONDUCTOR: requireUp(rig.layout).urls.conductor,
      NAMESPACE: hands.namespace,
      AGENT,
      CLIENT_TOKEN: CREDENTIAL,
      GIT_AUTHOR_NAME: 'me',
      GIT_AUTHOR_EMAIL: 'me@example.com',
      GIT_COMMITTER_NAME: 'me',
      GIT_COMMITTER_EMAIL: 'me@example.com',
    };
    // No client beside it: the page's lines ask until the assignment is theirs.
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
    assert.match(stdout, /^Add a note by hand\n/);
    assert.match(stdout, new RegExp(`/${OWNER}/${REPOSITORY}/pull/\\d+`));
    await hands.untilEvent('by-hand', ({ type }) => type === 'TASK_FINISHED');
    assert.equal((await proveNoJob('by-hand-implement-1-1')).spec.kind, 'implement');
  });

  function startClient(name: string, command: string) {
    const { urls, tenant } = requireUp(rig.layout);
    const child: ChildProcess = spawn(
      process.execPath,
      [
        ...[
          join(ROOT, 'hack', 'pull-agent', 'main.ts'),
          '--conductor',
          urls.conductor!,
          '--namespace',
          tenant.namespace,
        ],
        ...[
          '--agent',
          AGENT,
          '--token-file',
          join(folder, 'token'),
          '--client',
          name,
          '--once',
          '--',
          'sh',
          '-c',
          command,
        ],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    return { ended: once(child, 'close').then(([code]) => code as number | null), said: () => said };
  }
});
