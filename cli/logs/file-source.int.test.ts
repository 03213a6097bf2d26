import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileSource } from './file-source.ts';

const root = mkdtempSync(join(tmpdir(), 'rig-logs-'));
after(() => rmSync(root, { recursive: true }));
const ID = '0199a1b2c3d47e5f8a9b0c1d2e3f4a5b';
const line = (msg: string, correlationId = ID) =>
  `${JSON.stringify({ level: 30, time: '2026-01-02T03:04:05.678Z', name: 'n', correlationId, msg })}\n`;
const said = async (source: FileSource) => (await source.read()).map(({ text }) => JSON.parse(text).msg);

test("a program's lines of one correlation id are read once each, whole, and a new file from its start", async () => {
  const file = join(root, 'operator.log');
  const source = new FileSource(file, ID);
  assert.deepEqual(await said(source), []);
  writeFileSync(
    file,
    `no JSON ${ID}\n${line('größer')}${line('of another', 'f'.repeat(32))}${line('cut').slice(0, 20)}`,
  );
  assert.deepEqual(await said(source), ['größer']);
  appendFileSync(file, line('cut').slice(20));
  assert.deepEqual(await said(source), ['cut']);
  renameSync(file, `${file}.1`);
  writeFileSync(file, line('new'));
  assert.deepEqual(await source.read(), [
    { at: '2026-01-02T03:04:05.678Z', source: 'operator', text: line('new').trim() },
  ]);
});

test('a line that only quotes the id, or is older than asked for, is not told', async () => {
  const file = join(root, 'proxy.log');
  writeFileSync(file, line(`quotes ${ID}`, 'f'.repeat(32)) + line('old'));
  assert.deepEqual(await said(new FileSource(file, ID, Date.parse('2026-01-02T03:04:06Z'))), []);
  assert.deepEqual(await said(new FileSource(file, ID)), ['old']);
});
