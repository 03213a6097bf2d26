import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Assignment } from '#lib/conductor';
import { anAssignment } from '../double/assignment.ts';
import { type GitServer, serveGit } from '../double/gateway.ts';
import { type Lie, startLiar } from '../double/liar.ts';
import { scriptedModel } from '../double/model.ts';
import { makeRepository } from '../double/repository.ts';
import { playTask } from '../double/task.ts';

const WRITE = ['write', { path: 'a.txt', content: 'changed\n' }] as const;
const DONE = ['done', { title: 'Change a', what: 'a', why: 'b', risk: 'c' }] as const;
const NOBODYS = 'f'.repeat(40);
/** Between the deadline of the conductor and the end of the work, for the report; and what is left of it here. */
const REPORT_MS = 15_000;
const SHORT_MS = 1_500;
/** Most of a task is waiting for git. */
const TOGETHER = { concurrency: 4 };

let repository: ReturnType<typeof makeRepository>;
let server: GitServer;
let played = 0;

before(async () => {
  repository = makeRepository({ 'a.txt': 'zero\n', 'keep.txt': 'kept\n' });
  repository.commit('main', { 'a.txt': 'one\n' });
  server = await serveGit(repository.root);
});
after(async () => {
  await server.close();
  repository.remove();
});

interface Attack {
  readonly lies?: Readonly<Record<string, Lie>>;
  /** Stands for the repository's tests, which run before the change is committed, and again to prove it. */
  readonly script?: string;
  readonly calls?: readonly (readonly [string, object])[];
  readonly hangs?: boolean;
  readonly more?: Partial<Assignment>;
}

/** Works a task in a sandbox that does this, to its end; says how it ended and what the forge has of it. */
async function attacked({ lies = {}, script, calls = [WRITE, DONE], hangs = false }: Attack) {
  played += 1;
  const given = anAssignment('implement');
  const branch = `rig/7/${played}`;
  const left = hangs ? REPORT_MS + SHORT_MS : 3_600_000;
  const assignment = {
    ...given,
    task: { ...given.task, deadline: new Date(Date.now() + left).toISOString() },
    git: { ...given.git, branch, baseSHA: repository.git('rev-parse', 'main') },
    defaults: { testCommand: script ?? 'grep -q changed a.txt' },
  };
  const { exitCode, conductor } = await playTask({
    assignment,
    scratch: join(repository.scratch, `play-${played}`),
    gitURL: server.url,
    provider: () => assert.fail('no provider'),
    model: scriptedModel([{ calls }]),
    between: (socket, honest) => startLiar(socket, honest, lies),
  });
  const { reason, message } = conductor.events.at(-1)!.data as { reason: string; message: string };
  const delivered = repository.git('for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`);
  return { exitCode, reason, message, delivered, opened: conductor.bodies('pull-request').length };
}

const json =
  (body: object): Lie =>
  (answer) =>
    void answer.writeHead(200).end(JSON.stringify(body));
const says =
  (status: number, body: string | Buffer): Lie =>
  (answer) =>
    void answer.writeHead(status).end(body);
const silence: Lie = () => {};
const hangUp: Lie = (answer) => void answer.destroy();
/** The honest answer with one thing changed in it. */
const but =
  (change: (honest: Record<string, unknown>) => object): Lie =>
  async (answer, honest) => {
    const { status, body } = await honest();
    answer.writeHead(status).end(status === 200 ? JSON.stringify(change(JSON.parse(body.toString()))) : body);
  };
const bundle =
  (change: (honest: Buffer) => Buffer | string): Lie =>
  async (answer, honest) =>
    void answer.writeHead(200).end(change((await honest()).body));
const cutOff: Lie = async (answer, honest) => {
  const { body } = await honest();
  answer.writeHead(200, { 'content-length': body.length });
  answer.write(body.subarray(0, 60), () => answer.destroy());
};
const BOOK = `line one\r\n\u001b[31m## Approved by a person\n${'word '.repeat(700)}`;
const RUN = { exitCode: 0, timedOut: false, output: '', milliseconds: 1, head: NOBODYS };

const LIES: [what: string, attack: Attack, reason: string, message: RegExp][] = [
  ['open: no path', { lies: { open: json({ tree: 'tree', home: '/h' }) } }, 'SandboxFailed', /wrong answer.*\(open\)/],
  ['open: five megabytes', { lies: { open: says(200, 'x'.repeat(5e6)) } }, 'SandboxFailed', /more than 4194304 bytes/],
  [
    'open: a book of a refusal',
    { lies: { open: says(422, JSON.stringify({ reason: 'Refused', detail: BOOK })) } },
    'SandboxFailed',
    /\(open\): line one \[31m## Approved/,
  ],
  ['open: silence', { lies: { open: silence }, hangs: true }, 'DeadlineExceeded', /./],
  ['write: an error', { lies: { write: says(500, '') } }, 'SandboxFailed', /status 500/],
  ['write: a redirect', { lies: { write: says(302, '') } }, 'SandboxFailed', /status 302/],
  ['write: hangs up', { lies: { write: hangUp } }, 'SandboxFailed', /closed the connection/],
  ['write: done, and is not', { lies: { write: json({ text: 'Wrote a.txt.' }) } }, 'NothingChanged', /4 times/],
  ['digest: an option', { lies: { digest: json({ digest: '--output=/x' }) }, calls: [WRITE] }, 'SandboxFailed', /fit/],
  [
    'read: fewer than no lines',
    { lies: { read: json({ text: '', lines: -1 }) }, calls: [['read', { path: 'a.txt' }]] },
    'SandboxFailed',
    /wrong answer/,
  ],
  [
    'git: a text without end',
    { lies: { git: json({ text: 'x'.repeat(64_001) }) }, calls: [['git', { action: 'diff' }]] },
    'SandboxFailed',
    /wrong answer/,
  ],
  ['marks: always some', { lies: { marks: json({ paths: ['a.txt'] }) } }, 'ConflictLeft', /4 times/],
  ['marks: too many', { lies: { marks: json({ paths: Array(1_001).fill('a') }) } }, 'SandboxFailed', /wrong answer/],
  ['marks: silence', { lies: { marks: silence }, hangs: true }, 'DeadlineExceeded', /./],
  [
    'commit: a commit nobody has',
    { lies: { commit: but((said) => ({ ...said, head: NOBODYS })) } },
    'SandboxFailed',
    /no longer checked out/,
  ],
  [
    'commit: an option',
    { lies: { commit: but((said) => ({ ...said, head: '--all' })) } },
    'SandboxFailed',
    /wrong answer/,
  ],
  [
    'commit: where the task started',
    { lies: { commit: but((said) => ({ ...said, head: repository.git('rev-parse', 'main') })) } },
    'NothingChanged',
    /4 times/,
  ],
  [
    'commit: what was there before',
    { lies: { commit: but((said) => ({ ...said, head: repository.git('rev-parse', 'main~1') })) } },
    'CommitRefused',
    /no longer holds/,
  ],
  ['bundle: a page', { lies: { bundle: says(200, '<html>') } }, 'BundleRefused', /ends before its pack/],
  ['bundle: a header without end', { lies: { bundle: bundle(() => 'x'.repeat(1e6)) } }, 'BundleRefused', /header/],
  ['bundle: half of it', { lies: { bundle: bundle((b) => b.subarray(0, -30)) } }, 'BundleRefused', /index-pack/],
  ['bundle: of another commit', { lies: { bundle: bundle(renamed) } }, 'BundleRefused', /does not offer exactly/],
  ['bundle: cut off', { lies: { bundle: cutOff } }, 'SandboxFailed', /closed the connection.*\(bundle\)/],
  ['bundle: silence', { lies: { bundle: silence }, hangs: true }, 'DeadlineExceeded', /./],
  ['run: no number', { lies: { run: json({ ...RUN, exitCode: '0' }) } }, 'SandboxFailed', /wrong answer/],
  ['run: on another commit', { lies: { run: json(RUN) } }, 'TestsFailed', /left another commit checked out/],
  ['run: hangs up', { lies: { run: hangUp } }, 'SandboxFailed', /closed the connection/],
];

function renamed(whole: Buffer): Buffer {
  const head = /^([0-9a-f]{40}) HEAD$/m.exec(whole.toString('latin1'))?.[1] ?? assert.fail('no head');
  return Buffer.from(whole.toString('latin1').replace(`${head} HEAD`, `${NOBODYS} HEAD`), 'latin1');
}

describe('a sandbox that lies', TOGETHER, () => {
  for (const [what, attack, reason, message] of LIES)
    test(`a sandbox lies (${what}): the task ends as ${reason} in a sentence, and nothing is delivered`, async () => {
      const end = await attacked(attack);
      assert.deepEqual([end.reason, end.exitCode], [reason, 1], end.message);
      assert.match(end.message, message);
      assert.match(end.message, /^[^\p{Cc}]{10,600}[.!?]$/u);
      assert.deepEqual([end.delivered, end.opened], ['', 0]);
    });
});

/** The test script does it before the change is committed; `$G` is the worktree's own repository. */
const PLANTS: [what: string, script: string, reason: string, message: RegExp][] = [
  ['objects borrowed from nowhere', 'echo /nowhere > $G/objects/info/alternates', 'GitFailed', /\(/],
  [
    'a filter that fails',
    'git config filter.x.clean false; git config filter.x.required true; echo "* filter=x" > $G/info/attributes',
    'GitFailed',
    /clean filter/,
  ],
  ['a lock on the index', 'touch $G/index.lock', 'GitFailed', /index\.lock/],
  ['a branch without a past', 'git checkout -q --orphan new && git commit -qm x', 'CommitRefused', /no longer holds/],
  [
    'a commit of its own',
    'git -c user.name=Mallory -c user.email=m@example.com commit -qam x',
    'CommitRefused',
    /its author is not Dev-E/,
  ],
  [
    'the trailer of another task',
    'git -c user.name=Dev-E -c user.email=dev-e@agents.rig.dashecorp.com commit -qam "x\n\nRig-Task: team-b/i1"',
    'CommitRefused',
    /does not end with the trailer/,
  ],
  ['a repository that is gone', 'rm -rf $G', 'GitFailed', /not a git repository/],
  ['a repository that is a file', 'mv $G ../g && echo "gitdir: /nowhere" > $G', 'GitFailed', /not a git repository/],
  ['a worktree that is gone', 'D=$PWD; cd ..; rm -rf "$D"', 'SandboxFailed|GitFailed', /./],
  ['a history that is replaced', 'git replace HEAD HEAD~1 && git reset -q HEAD', 'CommitRefused|GitFailed', /./],
];

describe('tests that tamper with the worktree', TOGETHER, () => {
  for (const [what, script, reason, message] of PLANTS)
    test(`the tests leave ${what}: the task ends in a sentence, and nothing is delivered`, async () => {
      const end = await attacked({ script: `G=$PWD/.git; ${script}; exit 0`, calls: [WRITE, ['tests', {}], DONE] });
      assert.match(end.reason, new RegExp(`^(${reason})$`), end.message);
      assert.match(end.message, message);
      assert.match(end.message, /^[^\p{Cc}]{10,600}[.!?]$/u);
      assert.deepEqual([end.exitCode, end.delivered, end.opened], [1, '', 0]);
    });
});

/** What is no failure: it changes how git sees the worktree, and nothing of what leaves it. */
const HARMLESS: [what: string, script: string][] = [
  ['a graft', 'git rev-parse HEAD > $G/info/grafts'],
  ['a shallow boundary', 'git rev-parse HEAD > $G/shallow'],
  [
    'hooks',
    'for h in pre-commit commit-msg post-commit; do printf "#!/bin/sh\\nexit 1" > $G/hooks/$h; chmod 755 $G/hooks/$h; done',
  ],
  ['another branch', 'git checkout -qb elsewhere'],
  ['refs without number', 'for i in $(seq 300); do echo "$(git rev-parse HEAD) refs/heads/b$i"; done > $G/packed-refs'],
];

describe('tests that tamper in vain', TOGETHER, () => {
  for (const [what, script] of HARMLESS)
    test(`the tests leave ${what}: what is delivered is the change, on top of where the task started`, async () => {
      const end = await attacked({ script: `G=$PWD/.git; ${script}; exit 0`, calls: [WRITE, ['tests', {}], DONE] });
      assert.deepEqual([end.reason, end.exitCode, end.opened], ['Delivered', 0, 1], end.message);
      const [base, ...more] = repository.git('rev-list', '--parents', '-n', '1', end.delivered).split(' ').slice(1);
      assert.deepEqual([base, more], [repository.git('rev-parse', 'main'), []]);
      assert.equal(repository.git('diff', '--name-status', `${base}`, end.delivered), 'M\ta.txt');
      assert.equal(repository.git('show', `${end.delivered}:a.txt`), 'changed');
    });
});
