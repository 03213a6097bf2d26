import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sourceFiles } from '../suites/files.ts';
import { checkForgeWrites, judgeForgeWrites } from './forge-writes.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PORT = `
export interface Forge {
  /** NotFound. */
  issue(n: number): Promise<object>;
  /** Write. Not idempotent. */
  createIssue(title: string): Promise<object>;
  /**
   * Write; twice is harmless.
   */
  merge(n: number): Promise<object>;
}
export function tidy(forge: Forge) { return forge.merge(1); }
`;
const judge = (path: string, text: string, forge = PORT) =>
  judgeForgeWrites(new Map([['lib/forge/port.ts', forge]]), new Map([[path, text]]));

test('the operator has no forge write that is no effect', () => {
  assert.deepEqual(checkForgeWrites(ROOT, sourceFiles(ROOT)), []);
});

for (const [what, text, says] of [
  ['a call', 'const f = async ({ forge }) => forge.createIssue("x");', /createIssue writes to the forge/],
  ['a call through a chain', 'export const g = (a) => a?.account.forge?.merge(1);', /merge writes to the forge/],
  ['a method taken off', 'const { createIssue } = forge; createIssue("x");', /createIssue writes to the forge/],
  ['a method taken off under another name', 'const { merge: quiet } = forge;', /merge writes to the forge/],
  ['a method by its name as text', 'forge["createIssue"]("x");', /createIssue writes to the forge/],
  ['a helper of lib/forge that writes', "import { tidy } from '#lib/forge';", /tidy writes to the forge/],
  ['an identity of its own', "import { createForge } from '#lib/forge';", /only operator\/forges\/forges\.ts makes/],
  ['the forge’s own client', "import { Octokit } from '@octokit/core';", /only lib\/forge speaks/],
  ['the credential of git', 'await forge.gitAuthorization();', /opens the forge's git/],
  ['a push of its own', "await git(['push', '--quiet', url]);", /git push runs only in/],
] as const)
  test(`a seeded forge write is found: ${what}`, () => {
    const faults = judge('operator/issues/seeded.ts', `\n${text}\n`);
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0]!, /^operator\/issues\/seeded\.ts:2: /);
    assert.match(faults[0]!, says);
  });

test('calls of ForgeWrites, reads, types and the places made for it are no fault', () => {
  const fine = `import type { Forge } from '#lib/forge';
    await conductor.writes.merge(t, 1); await this.#writes.createIssue(t); await writes.merge(t); await forge.issue(1);`;
  assert.deepEqual(judge('operator/issues/fine.ts', fine), []);
  assert.deepEqual(judge('operator/forges/writes.ts', 'await forge.merge(1);'), []);
  assert.deepEqual(judge('operator/gateway/push.ts', "forwarding.forward(() => git(['push', url]));"), []);
});

test('a push in its own file that is not forwarded as an effect is found', () => {
  assert.match(judge('operator/gateway/push.ts', "await git(['push', url]);")[0]!, /inside forwarding\.forward/);
});

test('a method that writes and does not say so in its docs is found', () => {
  const silent =
    'export const issues = (client) => ({ sneak: async () => client.write(async (o) => o.rest.issues.create({})) });';
  assert.match(judge('operator/x.ts', '', PORT + silent)[0]!, /sneak writes to the forge; let its docs/);
});
