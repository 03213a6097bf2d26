import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { webhookMessage } from '../../operator/escalation/webhook.ts';
import { until } from '../../test/kit/cluster-wait.ts';

const SECRET = `whsec_${Buffer.alloc(32, 'r').toString('base64')}`;
const key = { secret: Buffer.from(SECRET.slice(6), 'base64') };
const notice = {
  id: '0195@7-1',
  cause: '0195@7-1',
  type: 'human_gate.triggered',
  reminder: 0,
  namespace: 'team',
  issue: 'widgets-12',
  number: 12,
  url: null,
  pullRequest: null,
  title: 'Fix the parser',
  reason: 'AskedForPerson',
  message: 'Which\n\u001b[31mof the two?',
  since: 0,
} as const;

async function receiver(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'rig-receiver-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'secret'), `${SECRET}\n`);
  const program = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [program, '--secret-file', join(folder, 'secret'), '--port', '0']);
  t.after(() => child.kill('SIGKILL'));
  const said: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const url = await until('it listens', () => /listening on (\S+)/.exec(said.join(''))?.[1]);
  const post = async (init: { headers: Record<string, string>; body: string }) =>
    (await fetch(url, { method: 'POST', ...init })).status;
  return { said, post };
}

test('the receiver shows a notice once, however often it comes, and takes none that is not signed', async (t) => {
  const { said, post } = await receiver(t);
  const sent = (now = Date.now()) => {
    const { headers, body } = webhookMessage(notice, key, now);
    return { headers: { ...headers }, body };
  };
  assert.deepEqual([await post(sent()), await post(sent(Date.now() + 1_000))], [204, 204]);
  assert.equal(await post({ ...sent(), body: `${sent().body} ` }), 401);
  assert.equal(await post(sent(Date.now() - 600_000)), 401);
  assert.equal(await post({ headers: {}, body: 'x'.repeat(70_000) }).catch(() => 413), 413);
  await until('it is shown', () => said.join('').includes('widgets-12'));
  const shown = said.join('').split('\n').slice(1);
  assert.deepEqual(shown, ['human_gate.triggered team/widgets-12 (AskedForPerson): Which of the two?', '']);
});
