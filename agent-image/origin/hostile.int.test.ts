import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { AUTHOR, TASK, type Workplace, workplaces } from '../double/workplace.ts';
import { TaskFailure } from '../failure.ts';
import { HeadRefused } from './index.ts';
import { PACK_LIMITS, type PackLimits } from './quarantine.ts';

const TRAILER = `Rig-Task: ${TASK}`;
const MESSAGE = `Change\n\n${TRAILER}`;
const ID = {
  GIT_AUTHOR_NAME: AUTHOR.name,
  GIT_AUTHOR_EMAIL: AUTHOR.email,
  GIT_COMMITTER_NAME: AUTHOR.name,
  GIT_COMMITTER_EMAIL: AUTHOR.email,
};

async function set(t: TestContext) {
  const { open, server, signal, folder, repository } = await workplaces(t, { 'a.txt': 'one\n', 'b.txt': 'two\n' });
  const place = await open();
  const git = async (args: readonly string[], input = '', env = {}) =>
    (await place.worktree.git(args, signal, { input, env: { ...ID, ...env } })).stdout.trim();
  const asked = server.seen.length;
  const objects = join(folder, 'origin.git/objects');
  /** Offers `head` by a bundle, which must be refused and leave nothing behind. */
  const refused = async (
    head: string,
    expected: { reason: RegExp; mend?: boolean },
    more: { limits?: Partial<PackLimits>; bundle?: () => Promise<Readable> } = {},
  ) => {
    const bundle = more.bundle ?? (async () => honest(place, signal));
    await assert.rejects(place.origin.receive(head, bundle, { ...PACK_LIMITS, ...more.limits }), (error: unknown) => {
      assert.ok(error instanceof (expected.mend ? HeadRefused : TaskFailure), String(error));
      if (error instanceof TaskFailure) assert.equal(error.reason, 'BundleRefused', error.message);
      assert.match(error.message, expected.reason);
      return true;
    });
    const kept = readdirSync(objects).filter((name) => name.startsWith('incoming-'));
    assert.deepEqual(kept, [], 'what was refused is gone');
    assert.equal(server.seen.length, asked, 'the gateway was not asked');
    assert.equal(repository.git('for-each-ref', '--format=%(refname)'), 'refs/heads/main');
  };
  return { place, git, refused, signal };
}

const honest = (place: Workplace, signal: AbortSignal) => place.worktree.bundle([place.origin.baseSHA], signal).stdout;

/** Makes the tree of `entries` (as `git mktree` reads them) the head, with all the marks of the task. */
async function headOf(git: Awaited<ReturnType<typeof set>>['git'], entries: string, parents = ['HEAD']) {
  const tree = await git(['mktree', '--missing'], entries);
  const head = await git(['commit-tree', tree, ...parents.flatMap((sha) => ['-p', sha]), '-m', MESSAGE]);
  await git(['update-ref', 'HEAD', head]);
  return head;
}
const blob = (git: Awaited<ReturnType<typeof set>>['git'], text: string) => git(['hash-object', '-w', '--stdin'], text);

test('a head that does not descend from where the task started is sent back', async (t) => {
  const { git, refused } = await set(t);
  const head = await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`, []);
  await refused(head, { reason: /no longer holds [0-9a-f]{40}, where the task started/, mend: true });
});

test('commits of somebody else, without the trailer, or with that of another task are sent back by name', async (t) => {
  const { git, refused } = await set(t);
  for (const [message, env, reason] of [
    [MESSAGE, { GIT_AUTHOR_NAME: 'Review-E' }, /its author is not Dev-E/],
    [MESSAGE, { GIT_COMMITTER_EMAIL: 'person@example.com' }, /its committer is not Dev-E/],
    ['Change', {}, /does not end with the trailer/],
    [`Change\n\nRig-Task: team-b/i1`, {}, /does not end with the trailer/],
    [`Fixes #1\n\n${TRAILER}`, {}, /closes an issue/],
    [`Fixes GH-1\n\n${TRAILER}`, {}, /closes an issue/],
    [`Change\n\nCo-authored-by: A <a@example.com>\n${TRAILER}`, {}, /does not end with the trailer/],
    [`Co-authored-by: A <a@example.com>\n\n${TRAILER}`, {}, /speaks for somebody/],
    [MESSAGE, { GIT_AUTHOR_DATE: '1970-01-02T00:00:00Z' }, /the date of its author/],
    [MESSAGE, { GIT_COMMITTER_DATE: '2099-01-01T00:00:00Z' }, /the date of its committer/],
  ] as const) {
    const head = await git(['commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', message], '', env);
    const before = await git(['rev-parse', 'HEAD']);
    await git(['update-ref', 'HEAD', head]);
    await refused(head, { reason, mend: true });
    await git(['update-ref', 'HEAD', before]);
  }
});

test('a commit with a foreign signature, a tag it merged or another encoding is sent back, one with a NUL refused', async (t) => {
  const { git, refused } = await set(t);
  const [tree, start] = (await git(['rev-parse', 'HEAD^{tree}', 'HEAD'])).split('\n');
  const who = `${AUTHOR.name} <${AUTHOR.email}> ${Math.floor(Date.now() / 1_000)} +0000`;
  const commit = (header: string, message = MESSAGE) =>
    git(
      ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'],
      `tree ${tree}\nparent ${start}\nauthor ${who}\ncommitter ${who}\n${header}\n${message}\n`,
    );
  for (const [head, reason, mend] of [
    [await commit('gpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END SSH SIGNATURE-----\n'), /header gpgsig/, true],
    [await commit(`mergetag object ${start}\n type commit\n tag v1\n`), /header mergetag/, true],
    [await commit('encoding ISO-8859-1\n'), /header encoding/, true],
    [await commit('', `${MESSAGE}\0Fixes #1`), /index-pack failed/, false],
  ] as const) {
    await git(['update-ref', 'HEAD', head]);
    await refused(head, { reason, mend });
  }
});

test('a foreign commit hidden below a good one is found', async (t) => {
  const { git, refused } = await set(t);
  const below = await git(['commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'no trailer']);
  const head = await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`, [below]);
  await refused(head, { reason: new RegExp(`the commit ${below.slice(0, 12)} cannot be delivered`), mend: true });
});

test('a bundle that offers another commit than the one it is taken for is refused', async (t) => {
  const { git, refused } = await set(t);
  await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`);
  await refused('c'.repeat(40), { reason: /does not offer exactly the commit/ });
});

test('a header that lies about what the pack holds is found out', async (t) => {
  const { place, git, refused, signal } = await set(t);
  const head = await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`);
  const lie = 'd'.repeat(40);
  const bundle = async () => {
    const pieces = await honest(place, signal).toArray();
    return Readable.from([Buffer.from(Buffer.concat(pieces).toString('latin1').replace(head, lie), 'latin1')]);
  };
  await refused(lie, { reason: /does not hold the commit d{40}/ }, { bundle });
});

test('a damaged pack, a cut-off one, and what is no bundle at all are refused', async (t) => {
  const { place, git, refused, signal } = await set(t);
  const head = await headOf(git, `100644 blob ${await blob(git, 'x'.repeat(5_000))}\ta.txt\n`);
  const whole = Buffer.concat(await honest(place, signal).toArray());
  const damaged = Buffer.from(whole);
  damaged.writeUInt8(damaged.readUInt8(whole.length - 30) ^ 0xff, whole.length - 30);
  for (const bytes of [damaged, whole.subarray(0, -10), whole.subarray(0, 20), Buffer.from('nothing')])
    await refused(
      head,
      { reason: /offered a bundle that is not taken/ },
      { bundle: async () => Readable.from([bytes]) },
    );
});

test('a tree that would write into .git, or above itself, is refused', async (t) => {
  const { git, refused } = await set(t);
  const hook = await blob(git, '#!/bin/sh\ntouch /tmp/owned\n');
  const folder = await git(['mktree'], `100755 blob ${hook}\tpost-checkout\n`);
  for (const name of ['.git', '.GIT', 'git~1', '..']) {
    const start = await git(['rev-parse', 'refs/rig/base']);
    const head = await headOf(git, `040000 tree ${folder}\t${name}\n`, [start]);
    await refused(head, { reason: /index-pack failed/ });
  }
});

test('a .gitmodules that is a link, or whose URL is an option of git, is refused', async (t) => {
  const { git, refused } = await set(t);
  const link = await blob(git, '/etc/passwd');
  await refused(await headOf(git, `120000 blob ${link}\t.gitmodules\n`), { reason: /index-pack failed/ });
  const text = '[submodule "x"]\n\tpath = x\n\turl = --upload-pack=touch /tmp/owned\n';
  const start = await git(['rev-parse', 'refs/rig/base']);
  const head = await headOf(git, `100644 blob ${await blob(git, text)}\t.gitmodules\n`, [start]);
  await refused(head, { reason: /index-pack failed/ });
});

test('a commit whose contents are not all there is refused, and nobody goes to fetch them', async (t) => {
  const { place, git, refused } = await set(t);
  // `git bundle` itself would not pack this: the pack is made by hand.
  const tree = await git(['mktree', '--missing'], `100644 blob ${'e'.repeat(40)}\tgone.txt\n`);
  const head = await git(['commit-tree', tree, '-p', 'HEAD', '-m', MESSAGE]);
  const at = join(place.worktree.folders.own, 'pack');
  const packed = await git(['pack-objects', '--quiet', at], `${head}\n${tree}\n`);
  const bundle = async () =>
    Readable.from([Buffer.from(`# v2 git bundle\n${head} HEAD\n\n`), readFileSync(`${at}-${packed}.pack`)]);
  await refused(head, { reason: /index-pack failed/ }, { bundle });
});

test('a bomb is refused: many bytes as sent, once unpacked, in one file, or in number', async (t) => {
  const { place, git, refused } = await set(t);
  writeFileSync(join(place.tree, 'zeros'), Buffer.alloc(40_000_000));
  for (let i = 0; i < 20; i++) writeFileSync(join(place.tree, `file${i}`), `content ${i}`);
  const head = await place.commit('Bomb');
  await git(['status']);
  for (const [limits, reason] of [
    [{ objectBytes: 1_000_000 }, /a file of more than 1000000 bytes/],
    [{ totalBytes: 1_000_000 }, /more than 1000000 bytes once unpacked/],
    [{ objects: 10 }, /more than 10 objects/],
    [{ bytes: 1_000 }, /larger than 1000 bytes/],
    [{ timeoutMs: 1 }, /index-pack failed/],
  ] as const)
    await refused(head, { reason }, { limits });
});

test('a bundle without end is cut off at the limit', async (t) => {
  const { git, refused } = await set(t);
  const head = await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`);
  const endless = async () =>
    Readable.from(
      (async function* () {
        yield Buffer.from(`# v2 git bundle\n${head} HEAD\n\nPACK\0\0\0\x02\0\xff\xff\xff`, 'latin1');
        for (;;) yield Buffer.alloc(65_536);
      })(),
    );
  await refused(head, { reason: /not taken/ }, { bundle: endless, limits: { bytes: 10_000_000 } });
});

test('a sender that never hangs up holds nobody: its bundle is taken when the pack is whole', async (t) => {
  const { place, git, signal } = await set(t);
  const head = await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`);
  const open = new PassThrough();
  open.write(Buffer.concat(await honest(place, signal).toArray()));
  await place.origin.receive(head, async () => open);
  assert.ok(open.destroyed);
  assert.ok(await place.origin.differsFromBase(head));
});

test('a tree in place of a commit is refused', async (t) => {
  const { git, refused } = await set(t);
  await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`);
  await refused(await git(['rev-parse', 'HEAD^{tree}']), { reason: /does not offer exactly the commit/ });
});

test('more commits than anybody reviews are sent back', async (t) => {
  const { git, refused } = await set(t);
  const who = `${AUTHOR.name} <${AUTHOR.email}> 1700000000 +0000`;
  const start = await git(['rev-parse', 'HEAD']);
  const commits = Array.from(
    { length: 501 },
    (_, i) =>
      `commit refs/heads/many\nauthor ${who}\ncommitter ${who}\ndata ${MESSAGE.length}\n${MESSAGE}\n${i === 0 ? `from ${start}\n` : ''}\n`,
  );
  await git(['fast-import', '--quiet'], commits.join(''));
  const head = await git(['rev-parse', 'refs/heads/many']);
  await git(['update-ref', 'HEAD', head]);
  await refused(head, { reason: /more than 500 new commits/, mend: true });
});

test('after all refusals an honest head is taken', async (t) => {
  const { place, git, refused } = await set(t);
  const orphan = await headOf(git, `100644 blob ${await blob(git, 'x')}\ta.txt\n`, []);
  await refused(orphan, { reason: /no longer holds/, mend: true });
  await git(['update-ref', 'HEAD', await git(['rev-parse', 'refs/rig/base'])]);
  writeFileSync(join(place.tree, 'a.txt'), 'good\n');
  await place.receive(await place.commit('Good'));
});
