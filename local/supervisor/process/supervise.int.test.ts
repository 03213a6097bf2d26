import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAlive, type ProcessRecord, processId } from '#lib/datadir';
import { ExitCode, ExitError } from '#lib/terminal';
import { until } from '../../../test/kit/cluster-wait.ts';
import { createBook } from './book.ts';
import { openLog } from './log.ts';
import { nodeProgram, type Program } from './program.ts';
import { Supervised } from './supervise.ts';
import { watchdog } from './watchdog.ts';

/** A program that runs `script` and is ready when its log holds "ready". */
function setUp(t: TestContext, script: string, more: Partial<Program> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'rig-supervise-'));
  const file = join(folder, 'dummy.mjs');
  writeFileSync(file, script);
  let ready = Promise.withResolvers<void>();
  const lines: string[] = [];
  const log = openLog(join(folder, 'dummy.log'), (line) => {
    lines.push(line);
    if (line === 'ready') ready.resolve();
  });
  let saved: readonly ProcessRecord[] = [];
  const book = createBook((records) => {
    saved = records;
  });
  const troubles: string[] = [];
  const program = nodeProgram({
    name: 'dummy',
    args: [file],
    ready: (signal) => {
      const mine = Promise.race([ready.promise, once(signal, 'abort')]).then(() => signal.throwIfAborted());
      return mine.finally(() => {
        ready = Promise.withResolvers();
      });
    },
    ...more,
  });
  const supervised = new Supervised(program, { book, log, onTrouble: (sentence) => troubles.push(sentence) });
  t.after(async () => {
    await supervised.stop();
    log.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, file, supervised, lines, troubles, saved: () => saved, log: join(folder, 'dummy.log') };
}

const STAYS = "console.log('ready'); setInterval(() => {}, 1000);";

test('a program that is killed is started again, told about, and noted under its new pid', async (t) => {
  const { supervised, troubles, saved } = setUp(t, STAYS);
  await supervised.start();
  const first = supervised.pid ?? 0;
  process.kill(first, 'SIGKILL');
  await until('another process runs', async () => supervised.pid !== first && saved()[0]?.pid === supervised.pid);
  assert.deepEqual(troubles, ['dummy ended with signal SIGKILL; starting it again in 250 ms']);
  assert.equal(supervised.restarts, 1);
});

test('what is done before a run is done before every run', async (t) => {
  let prepared = 0;
  const prepare = async () => {
    prepared += 1;
  };
  const { supervised } = setUp(t, STAYS, { prepare });
  await supervised.start();
  process.kill(supervised.pid ?? 0, 'SIGKILL');
  await until('it was started twice', async () => supervised.restarts === 1 && prepared === 2);
});

test('a program that ends before it is ready fails the start with its last lines', async (t) => {
  const { supervised } = setUp(t, "console.error('no such database'); process.exit(3);");
  await assert.rejects(supervised.start(), (error: unknown) => {
    assert.ok(error instanceof ExitError && error.code === ExitCode.Environment);
    assert.match(error.message, /^dummy ended by itself with exit code 3; its last lines were:\n {2}no such database$/);
    return true;
  });
});

test('a program that is never ready is ended and fails the start with how long it had', async (t) => {
  const { supervised, saved } = setUp(t, "console.log('idle'); setInterval(() => {}, 1000)", { readyTimeoutMs: 300 });
  await assert.rejects(supervised.start(), /was not ready within 0\.3 s/);
  assert.deepEqual(saved(), []);
});

test('a program that ignores SIGTERM is killed after its grace, with what it started', async (t) => {
  const script = `import { spawn } from 'node:child_process';
    process.on('SIGTERM', () => {});
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
    console.log('child ' + child.pid); console.log('ready'); setInterval(() => {}, 1000);`;
  const { supervised, lines, saved } = setUp(t, script, { graceMs: 300 });
  await supervised.start();
  const grandchild = processId(Number(lines.find((line) => line.startsWith('child'))?.split(' ')[1]));
  assert.ok(grandchild);
  await supervised.stop();
  await until('the grandchild is gone', async () => !isAlive(grandchild));
  assert.deepEqual(saved(), []);
});

test('a program that is stopped is not started again, stopping twice is one stop', async (t) => {
  const { supervised, troubles } = setUp(t, STAYS);
  await supervised.start();
  await Promise.all([supervised.stop(), supervised.stop()]);
  assert.deepEqual([supervised.restarts, troubles], [0, []]);
});

test('nothing of the supervisor’s environment reaches a program but what it needs', async (t) => {
  process.env.ANTHROPIC_API_KEY = 'secret-of-the-person';
  t.after(() => delete process.env.ANTHROPIC_API_KEY);
  const script = `console.log(JSON.stringify(process.env)); ${STAYS}`;
  const { supervised, lines } = setUp(t, script, { env: { GIVEN: 'yes' } });
  await supervised.start();
  const env = JSON.parse(lines[0] ?? '{}');
  assert.equal(env.GIVEN, 'yes');
  assert.equal(env.ANTHROPIC_API_KEY, undefined);
});

test('a supervisor that is killed with SIGKILL takes its Node programs and what a watchdog guards with it', async (t) => {
  const { folder, file } = setUp(t, STAYS);
  const at = (name: string) => JSON.stringify(import.meta.resolve(`./${name}.ts`));
  const parent = join(folder, 'parent.mjs');
  writeFileSync(
    parent,
    `import { spawn } from 'node:child_process';
     import { nodeProgram, spawnProgram } from ${at('program')};
     import { watchdog } from ${at('watchdog')};
     const child = spawnProgram(nodeProgram({ name: 'dummy', args: [${JSON.stringify(file)}], ready: async () => {} }));
     const guarded = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
     watchdog(guarded.pid, 'TERM');
     child.stdout.once('data', () => console.log(JSON.stringify([child.pid, guarded.pid])));`,
  );
  const supervisor = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(supervisor.stdout.setEncoding('utf8'), 'data')) as [string];
  const ids = (JSON.parse(line) as number[]).map(processId);
  assert.ok(ids.every((id) => id !== undefined));
  supervisor.kill('SIGKILL');
  await until('both are gone', async () => ids.every((id) => id && !isAlive(id)));
});

test('a released watchdog leaves what it guarded alone', async (t) => {
  const guarded = spawn('sleep', ['1000'], { stdio: 'ignore' });
  t.after(() => guarded.kill('SIGKILL'));
  const id = processId(guarded.pid ?? 0);
  assert.ok(id);
  watchdog(id.pid, 'TERM')();
  assert.ok(isAlive(id));
});

test('a log keeps every line of every stream whole, and the last twenty at hand', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'rig-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const log = openLog(join(folder, 'x.log'));
  for (let i = 0; i < 25; i++) log.note(`line ${i}`);
  assert.deepEqual([log.lastLines.length, log.lastLines[0]], [20, 'line 5']);
  log.close();
  log.note('too late');
  log.close();
  assert.equal(readFileSync(join(folder, 'x.log'), 'utf8').split('\n').length, 26);
});
