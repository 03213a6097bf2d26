import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { Hono } from 'hono';
import { listen } from '#lib/http';
import { replayApp } from '../local/replay/app.ts';
import { readReplay } from '../local/replay/index.ts';
import { anAssignment } from './double/assignment.ts';
import { type ConductorDouble, conductorDouble } from './double/conductor.ts';
import { serveGit } from './double/gateway.ts';
import { makeRepository } from './double/repository.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const SANDBOX = join(import.meta.dirname, 'sandbox/main.ts');
const STEPS = `
steps:
  - name: write
    when: { kind: implement, toolCallsSoFar: 0 }
    answer: { toolUse: [{ name: write, input: { path: a.txt, content: "changed\\n" } }] }
  - name: done
    when: { kind: implement, lastTool: write }
    answer: { toolUse: [{ name: done, input: { title: Change a, what: a, why: b, risk: c } }] }
`;

/** Conductor and gateway on one port, as a pod sees them. */
async function conductorServer(double: ConductorDouble, gitURL: string) {
  const app = new Hono();
  app.route('/', double.app);
  app.all('/team/*', async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const answer = await fetch(gitURL + pathname + search, {
      method: c.req.method,
      headers: c.req.raw.headers,
      body: c.req.method === 'POST' ? await c.req.arrayBuffer() : null,
    });
    const headers = new Headers(answer.headers);
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name);
    return new Response(answer.body, { status: answer.status, headers });
  });
  return listen(app);
}

async function start(t: TestContext, steps: string) {
  const repository = makeRepository({ 'a.txt': 'one\n', '.rig-agent.yaml': 'testCommand: grep -q changed a.txt\n' });
  const git = await serveGit(repository.root);
  const given = anAssignment('implement');
  const double = conductorDouble({ ...given, git: { ...given.git, baseSHA: repository.baseSHA } });
  const conductor = await conductorServer(double, git.url);
  const asked = Promise.withResolvers<void>();
  const model = new Hono();
  const replay = replayApp({ replay: readReplay(steps, 'steps'), where: 'steps', onAnswer: () => asked.resolve() });
  model.route('/', replay);
  const proxy = await listen(model);
  mkdirSync(join(repository.scratch, 'pod'));
  const pod = { PATH: process.env.PATH, CONTAINER_SANDBOX_MOUNT_POINT: join(repository.scratch, 'pod') };
  const sandbox = spawn(process.execPath, [SANDBOX], { stdio: ['ignore', 'ignore', 'inherit'], env: pod });
  writeFileSync(join(repository.scratch, 'pod/token'), 'pod-token');
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...pod,
      RIG_CONDUCTOR_URL: conductor.url,
      RIG_PROXY_URL: proxy.url,
      RIG_NAMESPACE: 'team-a',
      RIG_TASK: 'i7-implement',
      RIG_TOKEN_FILE: join(repository.scratch, 'pod/token'),
    },
  });
  t.after(async () => {
    child.kill('SIGKILL');
    sandbox.kill('SIGKILL');
    await Promise.all([conductor.close(0), proxy.close(0), git.close()]);
    repository.remove();
  });
  return { child, double, repository, asked: asked.promise };
}

test('the program works a task to its pull request and exits with 0', async (t) => {
  const { child, double, repository } = await start(t, STEPS);
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(repository.git('show', 'rig/i7/1:a.txt'), 'changed');
  assert.equal((double.events.at(-1)?.data as { reason: string } | undefined)?.reason, 'Delivered');
});

test('SIGTERM while a command of the model runs: exit 143 at once, no report', async (t) => {
  const sleeping = STEPS.replace(
    'name: write, input: { path: a.txt, content: "changed\\n" }',
    'name: shell, input: { command: sleep 1000 }',
  );
  const { child, double, asked } = await start(t, sleeping);
  await asked;
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 143);
  assert.deepEqual(
    double.events.map(({ id }) => id),
    ['started'],
  );
});

test('without its settings the program names them and exits with 1', async () => {
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  const said = text(child.stderr);
  const [code] = await once(child, 'exit');
  assert.equal(code, 1);
  assert.match(await said, /cannot start: RIG_CONDUCTOR_URL is missing/);
});
