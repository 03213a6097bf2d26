import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { replayApp } from './app.ts';
import { readReplay } from './file.ts';

function heldApp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'go');
  const steps = `steps: [{ name: held, when: {}, answer: { text: Now. }, holdUntil: ${file} }]`;
  const app = replayApp({ replay: readReplay(steps, 'held.yaml'), where: 'held.yaml' });
  const body = JSON.stringify({ model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'Go.' }] });
  return { file, ask: (signal?: AbortSignal) => app.request('/v1/messages', { method: 'POST', body, signal }) };
}

test('a step that holds is answered once its file is there, and not before', async (t) => {
  const { file, ask } = heldApp(t);
  const order: string[] = [];
  const asked = Promise.resolve(ask()).then(async (answer) => {
    order.push('answered');
    return answer.text();
  });
  await new Promise((resolve) => setImmediate(resolve));
  order.push('made');
  writeFileSync(file, '');
  assert.match(await asked, /Now\./);
  assert.deepEqual(order, ['made', 'answered']);
});

test('a step whose file is there already is answered at once', async (t) => {
  const { file, ask } = heldApp(t);
  writeFileSync(file, '');
  assert.match(await (await ask()).text(), /Now\./);
});

test('who gives up on a step that holds is let go', async (t) => {
  const { ask } = heldApp(t);
  const asker = new AbortController();
  const asked = Promise.resolve(ask(asker.signal));
  asker.abort();
  assert.equal((await asked).status, 500);
});
