import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { TestConductor } from '../api/conductor.int-kit.ts';
import { claimedIssue, type TestApi, type TestTask } from '../api/task.int-kit.ts';
import { gatewayForFile } from './git.int-kit.ts';
import { deltaBomb, packed, packOf } from './packs.int-kit.ts';
import { FLUSH, pkt, ZERO } from './pkt.ts';

let rig: TestConductor;
let api: TestApi;
let task: TestTask;
/** A commit that was not pushed, and a sound pack of it. */
let sha: string;
let pack: Buffer;
let refs: string;

before(async () => {
  const made = await gatewayForFile();
  ({ rig, api } = made);
  const { git } = made;
  task = await claimedIssue(api, 'fuzzed');
  const clone = await git.clone(task, 'fuzzed');
  sha = await git.commit(clone, 'fuzzed.txt', 'fuzzed\n');
  const input = `${sha}\n^${await git.ok(clone, null, 'rev-parse', 'origin/main')}\n`;
  pack = execFileSync('git', ['pack-objects', '--revs', '--stdout', '-q', '--thin'], { cwd: git.at(clone), input });
  refs = await forgeRefs();
});

const forgeRefs = () => rig.world.git('work', 'ls-remote', rig.world.remote('boss'));

async function push(body: Uint8Array, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const answer = await api.app.request(`${task.path}/git/git-receive-pack`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { authorization: `Bearer ${task.token}`, ...headers },
  });
  return { status: answer.status, text: await answer.text() };
}

const pushOf = (ref: string, to: string, sent: Uint8Array, from = ZERO): Buffer =>
  Buffer.concat([pkt(`${from} ${to} ${ref}\0report-status`), FLUSH, sent]);
const branch = () => `refs/heads/${task.branch}`;

/** Not taken: refused in git's own report, or as no push. The forge is as it was, and nothing is left behind here. */
async function proveRefused(body: Uint8Array, headers?: Record<string, string>): Promise<void> {
  const { status, text } = await push(body, headers);
  assert.ok(status === 400 || status === 413 || (status === 200 && !/^....ok refs/m.test(text)), `${status} ${text}`);
  assert.deepEqual(readdirSync(join(api.gitDir, 'quarantine')), []);
}

const sound = fc.constant(null).map(() => pack);
const damagedPack = fc.oneof(
  fc.tuple(sound, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([whole, at, flip]) => {
    const damaged = Buffer.from(whole);
    damaged[at % damaged.length]! ^= flip;
    return damaged;
  }),
  fc.tuple(sound, fc.nat()).map(([whole, length]) => whole.subarray(0, length % whole.length)),
  fc.uint8Array({ maxLength: 512 }).map((bytes) => packOf([Buffer.from(bytes)])),
  fc.integer({ min: 2, max: 0xffffffff }).map((count) => packOf([packed('blob', Buffer.from('x'))], count)),
);

test('a pack that is damaged, cut or claims more than it has is refused by the real git, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(damagedPack, fc.boolean(), async (bad, zipped) => {
      const body = pushOf(branch(), sha, bad);
      await proveRefused(zipped ? gzipSync(body) : body, zipped ? { 'content-encoding': 'gzip' } : {});
    }),
    { numRuns: 12 },
  );
  assert.equal(await forgeRefs(), refs);
});

const hostileRef = fc.oneof(
  fc.constantFrom(
    'refs/heads/main',
    'refs/heads/../../main',
    'refs/heads/rig/fuzzed/1/../../main',
    'refs/tags/v1',
    'HEAD',
    '--upload-pack=touch$(id)',
    'refs/heads/-delete',
    'refs/heads/rig/fuzzed/1\u001b[31m',
    'refs/heads/rig/fuzzed/1:refs/heads/main',
    'refs/heads/rig/fuzzed/2',
    'refs/heads/RIG/fuzzed/1',
    '+refs/heads/rig/fuzzed/1',
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).map((text) => `refs/heads/${text.replaceAll('\0', '')}`),
  fc.string({ minLength: 1, maxLength: 1_100 }).map((text) => text.replaceAll('\0', '')),
);

test('whatever a ref is called, only the task’s own branch is taken', async () => {
  await fc.assert(
    fc.asyncProperty(hostileRef, async (ref) => {
      fc.pre(ref !== branch() && pkt(ref).length < 60_000);
      await proveRefused(pushOf(ref, sha, pack));
    }),
    { numRuns: 30 },
  );
  assert.equal(await forgeRefs(), refs);
});

test('arbitrary bytes, and pkt-lines that lie about their length, are no push', async () => {
  const lying = fc
    .tuple(fc.integer({ min: 0, max: 0xffff }), fc.uint8Array({ maxLength: 300 }))
    .map(([length, bytes]) => Buffer.concat([Buffer.from(length.toString(16).padStart(4, '0')), bytes, FLUSH]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 500 }), lying), async (bytes) => {
      const { status, text } = await push(bytes);
      // A flush alone is how git asks whether it may push.
      const empty = Buffer.from(bytes).subarray(0, 4).toString() === '0000';
      assert.ok(status === 400 || (status === 200 && (empty || /ng /.test(text))), `${status} ${text}`);
    }),
    { numRuns: 150 },
  );
  assert.equal(await forgeRefs(), refs);
});

test('a few kilobytes whose delta unpacks to two gigabytes are refused without unpacking them', async () => {
  const bomb = deltaBomb(2 ** 31);
  assert.ok(bomb.length < 32 * 1024, `${bomb.length}`);
  const { status, text } = await push(pushOf(branch(), sha, bomb));
  assert.equal(status, 200);
  assert.match(text, /ng refs\/heads\/rig\/fuzzed\/1 the pack is damaged/);
  assert.equal(await forgeRefs(), refs);
});

test('after all of it the sound push is taken', async () => {
  const { status, text } = await push(pushOf(branch(), sha, pack));
  assert.equal(status, 200);
  assert.match(text, /ok refs\/heads\/rig\/fuzzed\/1/);
  assert.ok((await forgeRefs()).includes(sha));
});
