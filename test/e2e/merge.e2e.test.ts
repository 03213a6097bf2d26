// The one way to merge, from the outside: a conflict is settled by a rework, the forge has to hold the gate, a person may merge by hand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { addRepository, createGitRepository, OWNER, raiseConcurrency } from '../kit/rig-repository.ts';

const shell = (command: string) => ({ toolUse: [{ name: 'shell', input: { command } }] });
const done = { title: 'Change the list', what: 'It was changed.', why: 'The issue asks for it.', risk: 'None.' };
const verdict = { verdict: 'approve', body: 'As asked.' };

/** Agents that change one line, hold their review until told, and settle a conflict by taking both sides. */
const steps = (go: string) => [
  {
    name: 'implement',
    when: { kind: 'implement', notContains: ['\nchanged'] },
    answer: shell("printf 'from the rig\\n' > list.txt && echo changed"),
  },
  {
    name: 'rework',
    when: { kind: 'rework', contains: ['Settle the conflict marks in: list.txt'], notContains: ['\nsettled'] },
    answer: shell("grep -q '<<<<<<<' list.txt && printf 'from both\\n' > list.txt && echo settled"),
  },
  { name: 'done', when: { kind: 'implement' }, answer: { toolUse: [{ name: 'done', input: done }] } },
  { name: 'reworked', when: { kind: 'rework' }, answer: { toolUse: [{ name: 'done', input: done }] } },
  {
    name: 'review',
    when: { kind: 'review' },
    holdUntil: go,
    answer: { toolUse: [{ name: 'verdict', input: verdict }] },
  },
];

describe('the way to a merge', { concurrency: true }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'merge-e2e-'));
  const go = join(folder, 'go');
  const source = createGitRepository({ 'README.md': '# List\n', 'list.txt': 'nothing\n' });
  let rig: Rig;
  let hands: Hands;

  before(async () => {
    const replay = join(folder, 'replay.yaml');
    writeFileSync(replay, stringify({ steps: steps(go) }));
    rig = await new Rig({ args: ['--repo', source, '--test-command', 'test -f README.md', '--replay', replay] }).up();
    hands = new Hands(rig.layout);
    await raiseConcurrency(hands, 2);
  });

  after(async () => {
    await hands?.[Symbol.asyncDispose]();
    await rig?.[Symbol.asyncDispose]();
    for (const path of [folder, source]) rmSync(path, { recursive: true, force: true });
    assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
  });

  const why = async (name: string) => JSON.parse((await hands.rig('why', name, '--json')).stdout);
  const protect = async (...args: string[]) => {
    const { code, stdout, stderr } = await hands.rig('repo', 'protect', 'fight', '--json', ...args);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  it('a conflict goes to a rework that merges the base; nothing is merged until the forge holds the gate', async () => {
    const name = 'fight';
    await addRepository(hands, {
      name,
      source,
      spec: { enforcement: { kind: 'ruleset', approvalApp: 'rig-verifier' } },
    });
    await hands.createIssue(name, { repositoryRef: { name }, title: 'Change the list' });
    await hands.untilEvent(name, ({ type }) => type === 'PR_CREATED');
    // Somebody changes the same line of the base while the review holds.
    const clone = join(folder, 'clone');
    const you = ['-c', 'user.name=You', '-c', 'user.email=you@rig.invalid'];
    const git = (...args: string[]) => execFileSync('git', [...you, ...args], { encoding: 'utf8', stdio: 'pipe' });
    const at = hands.urls.forge.replace('://', `://you:${hands.secret('forge-token-you')}@`);
    git('clone', '--quiet', `${at}/${OWNER}/${name}.git`, clone);
    writeFileSync(join(clone, 'list.txt'), 'from a person\n');
    git('-C', clone, 'commit', '--quiet', '--all', '--message', 'Change it first');
    git('-C', clone, 'push', '--quiet', 'origin', 'main');
    await hands.untilEvent(name, ({ type }) => type === 'MERGE_CONFLICT');
    writeFileSync(go, '');
    const sent = await hands.untilEvent(
      name,
      ({ type, data }) => type === 'TASK_DISPATCHED' && (data as { kind: string }).kind === 'rework',
    );
    assert.match(JSON.stringify(sent.data), /conflict|tip of the base/);

    const waiting = await hands.untilIssue(name, 'waits for the ruleset', ({ status }) =>
      /rig repo protect/.test(status?.why ?? ''),
    );
    assert.equal(waiting.status?.pullRequest?.mergeSHA, undefined);
    const told = await why(name);
    assert.deepEqual([told.missing.gate, told.missing.reason], ['enforced', 'GateNotEnforced']);
    assert.ok(
      told.gates.every((row: { gate: string; state: string }) => row.gate === 'enforced' || row.state === 'Passed'),
    );
    const dry = await protect('--dry-run');
    assert.deepEqual([dry.enforced, dry.written], [false, false]);
    assert.ok(dry.differences.includes('main may be pushed to by force'), dry.differences);
    assert.deepEqual(await protect(), { enforced: true, written: true, dryRun: false, differences: [] });
    await hands.untilPhase(name, 'Done');
    assert.equal((await protect()).written, false, 'a second run writes nothing');

    git('-C', clone, 'pull', '--quiet', 'origin', 'main');
    assert.equal(git('-C', clone, 'show', 'HEAD:list.txt'), 'from both\n');
    const types = (await hands.log(name)).map(({ type }) => type);
    assert.equal(types.filter((type) => type === 'MERGED').length, 1);
    assert.throws(
      () => git('-C', clone, 'push', '--force', 'origin', 'HEAD^:main'),
      /Cannot force-push to this branch/,
    );
  });

  it('a merge by a person is told as that person’s, and ends the issue', async () => {
    const name = 'byhand';
    // A check that nobody registers keeps the conductor from merging.
    const requiredChecks = { kind: 'listed', checks: [{ name: 'never', app: 'rig-ci' }] } as const;
    await addRepository(hands, { name, source, spec: { requiredChecks } as never });
    await hands.createIssue(name, { repositoryRef: { name }, title: 'Change the list' });
    const { data } = await hands.untilEvent(name, ({ type }) => type === 'PR_CREATED');
    const { number } = data as { number: number };
    const { status } = await hands.forge('PUT', `/repos/${OWNER}/${name}/pulls/${number}/merge`, {
      merge_method: 'squash',
    });
    assert.equal(status, 200);
    const merged = await hands.untilEvent(name, ({ type }) => type === 'MERGED');
    assert.equal((merged.data as { by: { login: string } }).by.login, 'you');
    await hands.untilPhase(name, 'Done');
    const types = (await hands.log(name)).map(({ type }) => type);
    assert.ok(!types.includes('MERGE_REQUESTED'), types.join(' '));
  });
});
