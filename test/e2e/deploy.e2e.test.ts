// From the merge to the page that users see: deployed by a service that only knows the forge, proven by a Job without a model.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { processesWith, Rig } from '../kit/rig.ts';
import { Hands } from '../kit/rig-hands.ts';
import { addRepository, createGitRepository, OWNER } from '../kit/rig-repository.ts';

const change = "printf '<h1>Open</h1>' > index.html && echo changed";
const done = { title: 'Open the shop', what: 'The page says so.', why: 'The issue asks for it.', risk: 'None.' };
const steps = [
  {
    name: 'implement',
    when: { kind: 'implement', notContains: ['\nchanged'] },
    answer: { toolUse: [{ name: 'shell', input: { command: change } }] },
  },
  { name: 'done', when: { kind: 'implement' }, answer: { toolUse: [{ name: 'done', input: done }] } },
  {
    name: 'review',
    when: { kind: 'review' },
    answer: { toolUse: [{ name: 'verdict', input: { verdict: 'approve', body: 'As asked.' } }] },
  },
];
/** It looks at the page, and at what it must not have. */
const SMOKE = `test ! -e /var/run/secrets/kubernetes.io && test -z "$RIG_TOKEN_FILE$RIG_CONDUCTOR_URL" && node -e "fetch(process.env.RIG_URL).then((r) => r.text()).then((t) => process.exit(t.includes('Open') ? 0 : 1))"`;

test('an issue is done when its change is live and its smoke test has seen the page, and the report says how long that took', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-e2e-'));
  const source = createGitRepository({ 'README.md': '# Shop\n', 'index.html': '<h1>Closed</h1>\n' });
  const replay = join(folder, 'replay.yaml');
  writeFileSync(replay, stringify({ steps }));
  const rig = new Rig({ args: ['--repo', source, '--test-command', 'test -f README.md', '--replay', replay] });
  try {
    await rig.up();
    await using hands = new Hands(rig.layout);
    const name = 'shop';
    const spec = { deploy: { kind: 'deployments' }, verify: { smoke: SMOKE } };
    await addRepository(hands, { name, source, spec: spec as never });
    await hands.admin('PUT', `/repositories/${OWNER}/${name}/deployer`, { environment: 'production' });
    await hands.createIssue(name, { repositoryRef: { name }, title: 'Open the shop' });
    const ended = await hands.untilPhase(name, 'Done');
    assert.match(ended.status?.why ?? '', /live in production at [0-9a-f]{8}, and verified: smoke\./);
    const log = await hands.log(name);
    const way = ['MERGED', 'DEPLOYED_PRODUCTION', 'SMOKE_PASSED', 'VERIFIED', 'ISSUE_DONE'];
    assert.deepEqual(
      log.map(({ type }) => type).filter((type) => way.includes(type)),
      way,
    );
    const told = log.find(({ type }) => type === 'DEPLOYED_PRODUCTION')!;
    const live = told.data as { revision: string; url: string };
    assert.equal(live.revision, (log.find(({ type }) => type === 'MERGED')!.data as { mergeSHA: string }).mergeSHA);
    assert.equal(await (await fetch(live.url)).text(), '<h1>Open</h1>');
    const { code, stdout, stderr } = await hands.rig('report', '--since', '1d', '--by', 'agent', '--json');
    assert.equal(code, 0, stderr);
    const { all, groups } = JSON.parse(stdout);
    assert.deepEqual([all.issues, all.done, all.untouched, groups[0].key], [1, 1, 1, 'dev-e']);
    assert.ok(all.filedToLive.p50 >= all.filedToMerged.p50);
    const shown = await hands.rig('report');
    assert.match(shown.stdout, /^WEEK\s+ISSUES[\s\S]*\nall\s+1\s+1\s+0\s+0\s/);
  } finally {
    await rig[Symbol.asyncDispose]();
    for (const path of [folder, source]) rmSync(path, { recursive: true, force: true });
  }
  assert.deepEqual(processesWith(rig.layout.root), [], 'the rig left a process behind');
});
