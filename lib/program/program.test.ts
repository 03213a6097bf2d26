import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const PROGRAM = JSON.stringify(new URL('./index.ts', import.meta.url).href);

/** Runs a program whose parts are said as source, sends it a signal once it is up, and tells how it ended. */
async function run(parts: string, signal?: NodeJS.Signals) {
  const source = `import { ConfigError, runProgram } from ${PROGRAM}; await runProgram({ name: 'rig-x', ${parts} });`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    const wasUp = said.includes('"listening"');
    said += chunk;
    if (signal && !wasUp && said.includes('"listening"')) child.kill(signal);
  });
  const [code] = await once(child, 'close');
  return { code, said };
}

/** A program of which `stop` is told; alive until it ends. */
const up = (stop: string, more = '') =>
  `settings: () => 7, start: async (told) => ({ url: 'http://x:' + told, stop: ${stop}, ${more} })`;
const ALIVE = 'setInterval(() => {}, 1_000)';

test('a program says where it listens, stops when asked, and ends with 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { code, said } = await run(up("async () => process.stderr.write('let go')", `alive: ${ALIVE}`), signal);
    assert.equal(code, 0, said);
    assert.match(said, /"url":"http:\/\/x:7"[\s\S]*"stopping"[\s\S]*let go/);
  }
});

test('a program that asks to be started again stops and ends with 0', async () => {
  const { code, said } = await run(up('async () => {}', `alive: ${ALIVE}, over: Promise.resolve()`));
  assert.equal(code, 0, said);
  assert.match(said, /"stopping"/);
});

test('a program that cannot start or stop says why and ends with 1', async () => {
  const start = await run("settings: () => 7, start: async () => { throw new Error('No database.'); }");
  assert.equal(start.code, 1);
  assert.match(start.said, /No database\.[\s\S]*could not start/);
  const stop = await run(up("async () => { throw new Error('Held.'); }", `alive: ${ALIVE}`), 'SIGTERM');
  assert.equal(stop.code, 1);
  assert.match(stop.said, /Held\.[\s\S]*stopping failed/);
});

test('settings that make no sense are one sentence, and nothing is started', async () => {
  const settings = "settings: () => { throw new ConfigError('RIG_X is not set; set it to x.'); }";
  const { code, said } = await run(`${settings}, start: async () => { throw new Error('It started.'); }`);
  assert.deepEqual([code, said], [2, 'rig-x: RIG_X is not set; set it to x.\n']);
});
