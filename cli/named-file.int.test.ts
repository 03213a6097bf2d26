import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createTerminal, ExitCode, ExitError } from '#lib/terminal';
import { sign } from './approve/sign.ts';
import { runCLI } from './cli.ts';
import type { Tenant } from './cluster.ts';
import { readerFor } from './commands/approve.ts';
import { newest } from './commands/trust-root.ts';
import { readNamed, readToken } from './named-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'rig-named-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const nowhere = join(folder, 'nowhere');
const inCluster = { namespace: 'tenant-a', rig: null } as unknown as Tenant;

/** A wrong command line, in one sentence. */
const usage = (what: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === ExitCode.Usage && what.test(error.message) && !/\n/.test(error.message);

test('a file that is not there, is a folder, or may not be read is named in one sentence with its flag', () => {
  assert.throws(() => readNamed('--diff', nowhere), usage(/^--diff names .*\/nowhere, and there is nothing there\.$/));
  assert.throws(() => readNamed('--diff', join(nowhere, 'x')), usage(/and there is nothing there\.$/));
  assert.throws(() => readNamed('--diff', folder), usage(/^--diff names .*, and that is a folder\.$/));
  assert.throws(() => readNamed('--diff', `${folder}\0`), usage(/^--diff names .*, and it cannot be read: /));
});

test('a file of a token is read without the line break that ends it, and an empty one is a wrong command line', () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'ghp_x\n');
  assert.equal(readToken('--token-file', file), 'ghp_x');
  writeFileSync(file, '\n');
  assert.throws(() => readToken('--token-file', file), usage(/^--token-file names .*\/token, and it is empty\.$/));
});

test('a bundle, a token of readers and a trusted root that are not there are wrong command lines', async () => {
  const terminal = createTerminal({ stdout: { write: () => {} }, stderr: { write: () => {} } });
  const signing = { signIn: 'browser', bundle: nowhere } as const;
  await assert.rejects(sign('{}', inCluster, signing, terminal), usage(/^--bundle names .*nothing there/));
  const reading = { scope: 'merge', signIn: 'browser', conductorUrl: 'http://127.0.0.1:1', readerTokenFile: nowhere };
  assert.throws(() => readerFor(inCluster, reading as never), usage(/^--reader-token-file names .*nothing there/));
  await assert.rejects(newest({ file: nowhere }, undefined), usage(/^--file names .*nothing there/));
  await assert.rejects(newest({ tufRoot: nowhere }, undefined), usage(/^--tuf-root names .*nothing there/));
});

test('a trusted root that is none is a wrong command line that names the file', async () => {
  const file = join(folder, 'trusted_root.json');
  writeFileSync(file, '{}');
  await assert.rejects(
    newest({ file }, undefined),
    usage(/^--file names .*trusted_root\.json, .*names no a certificate/),
  );
});

test('rig classify with a file that is not there ends with exit code 2 and one sentence', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  const args = ['classify', '--diff', nowhere, '--policy', join(import.meta.dirname, '../policies/tiers/node.yaml')];
  try {
    assert.equal(await runCLI(args), 2);
    assert.equal(await runCLI(['classify', '--diff', nowhere, '--policy', nowhere]), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.deepEqual(told, [
    `rig: --diff names ${nowhere}, and there is nothing there.\n`,
    `rig: --policy names ${nowhere}, and there is nothing there.\n`,
  ]);
});
