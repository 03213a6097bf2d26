import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { firstParents } from './commits.ts';
import { openReverts, type RevertsWorld, Work } from './reverts.int-kit.ts';

const lines = (count: number, word: string) => Array.from({ length: count }, (_, at) => `${word} ${at}`);
const text = (...parts: (string | string[])[]) => `${parts.flat().join('\n')}\n`;

/** A file of forty lines, of which a merged change rewrote ten and added a file. */
async function withChange(
  t: TestContext,
  over: { mergeMethod?: string } = {},
): Promise<RevertsWorld & { change: string; stream: string }> {
  const world = await openReverts(t, over);
  const { work } = world;
  work.write('src/app.ts', text(lines(20, 'old'), lines(20, 'tail'))).commit('First');
  work.write('src/app.ts', text(lines(10, 'old'), lines(10, 'new'), lines(20, 'tail')));
  const change = work.write('src/more.ts', text(lines(10, 'more'))).commit('The change (#101)');
  const stream = await world.merged(1, change);
  return { ...world, change, stream };
}

/** More than anybody reads at once, in files that git takes for text. */
function vendored({ work }: RevertsWorld, path: string) {
  const large = text(Array.from({ length: 14 }, (_, at) => `${at}${'x'.repeat(1024 * 1024)}`));
  for (const file of [path, 'v/1.txt', 'v/2.txt', 'v/3.txt', 'v/4.txt']) work.write(file, large);
  return work;
}

const shapes = async ({ told }: RevertsWorld, stream: string) =>
  (await told(stream)).flatMap((event) =>
    event.type === 'CHANGE_REVERTED' ? [event.data.shape] : event.type === 'REVERT_QUESTIONED' ? ['question'] : [],
  );

test('a merged change is read from git once, and counts from then on', async (t) => {
  const world = await withChange(t);
  await world.look();
  await world.look();
  const [measured, ...more] = await world.told(world.stream);
  assert.deepEqual(more, []);
  assert.ok(measured?.type === 'CHANGE_MEASURED');
  const { files, lines: count, substance, tier, taskClass, baseSHA } = measured.data;
  assert.deepEqual([files, count, substance, tier, taskClass], [2, 30, 'written', 'T0', 'docs']);
  assert.equal(baseSHA, world.work.git('rev-parse', `${world.change}^`));
  const { rows } = await world.ledger.pool.query('SELECT streak FROM ledger');
  assert.equal(rows[0].streak, 1);
});

test('a change counts as its own diff is graded, and not as its issue was', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  work.write('src/app.ts', text(lines(20, 'old'))).commit('First');
  const trivial = work.write('README.md', text(lines(5, 'word'))).commit('The change (#101)');
  const stream = await world.merged(1, trivial, { issue: 'T1', change: 'T0' });
  const nobodys = work.write('NOTES.md', text(lines(5, 'note'))).commit('Another (#102)');
  const ungraded = await world.merged(2, nobodys, { issue: 'T1', change: null });
  await world.look();
  const tierOf = async (one: string) => {
    const [measured] = await world.told(one);
    return measured?.type === 'CHANGE_MEASURED' ? measured.data.tier : 'untold';
  };
  assert.deepEqual([await tierOf(stream), await tierOf(ungraded)], ['T0', null]);
});

test('one piece that goes away in two commits, or with a line that was put into it, is a question to a person', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  const file = (...parts: string[][]) => work.write('src/more.ts', text(...parts));
  work.write('src/app.ts', text(lines(20, 'old'))).commit('First');
  const change = file(lines(10, 'more')).commit('The change (#101)');
  const stream = await world.merged(1, change);
  await world.look();
  file(lines(6, 'more')).commit('Less of it');
  await world.look();
  assert.deepEqual(await shapes(world, stream), []);
  file(lines(2, 'more')).commit('And less');
  await world.look();
  assert.deepEqual(await shapes(world, stream), ['question']);
  const other = await withChange(t);
  await other.look();
  const app = (...parts: string[][]) => other.work.write('src/app.ts', text(...parts));
  app(lines(10, 'old'), lines(5, 'new'), ['a line between'], lines(10, 'new').slice(5), lines(20, 'tail'));
  other.work.commit('A line between');
  await other.look();
  assert.deepEqual(await shapes(other, other.stream), []);
  app(lines(20, 'old'), lines(20, 'tail'));
  other.work.git('rm', '-q', 'src/more.ts');
  other.work.commit('Nothing of it');
  await other.look();
  assert.ok((await shapes(other, other.stream)).length > 0);
});

test('code that grows on, moves or is put back after it went is nobody’s fault', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  const file = (...parts: string[][]) => work.write('src/more.ts', text(...parts));
  work.write('src/app.ts', text(lines(20, 'old'))).commit('First');
  const stream = await world.merged(1, file(lines(10, 'more')).commit('The change (#101)'));
  await world.look();
  file(lines(10, 'much more')).commit('Written anew');
  await world.look();
  file(lines(10, 'more')).commit('As it was');
  work.write('src/else.ts', text(lines(8, 'more')));
  file(lines(10, 'more').slice(8)).commit('Moved to where it belongs');
  await world.look();
  assert.deepEqual(await shapes(world, stream), []);
});

test('a file that is renamed is not gone, and one that is renamed back is', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  work.write('src/app.ts', text(lines(20, 'old'))).commit('First');
  const added = await world.merged(1, work.write('src/more.ts', text(lines(10, 'more'))).commit('Added (#101)'));
  await world.look();
  work.git('mv', 'src/more.ts', 'src/less.ts');
  const moved = await world.merged(2, work.commit('Moved (#102)'));
  await world.look();
  assert.deepEqual(await shapes(world, added), []);
  work.git('mv', 'src/less.ts', 'src/more.ts');
  work.commit('Moved back');
  await world.look();
  assert.deepEqual([await shapes(world, added), await shapes(world, moved)], [[], ['whole']]);
});

test('a commit that is too large to be read is asked about where it touched a change, and holds up nothing behind it', async (t) => {
  const world = await withChange(t);
  await world.look();
  const { work } = world;
  const untouched = await world.merged(
    2,
    work.write('docs/guide.md', text(lines(9, 'guide'))).commit('A guide (#102)'),
  );
  await world.look();
  vendored(world, 'src/app.ts').commit('Vendored');
  work.git('revert', '--no-edit', 'HEAD~1');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['question']);
  assert.deepEqual(await shapes(world, untouched), ['whole']);
});

test('a change that is too large to be read counts for nothing, and the next one is read', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  work.write('a.txt', 'a\n').commit('First');
  const first = await world.merged(1, vendored(world, 'big.txt').commit('Vendored (#101)'));
  const second = await world.merged(2, work.write('b.txt', text(lines(5, 'word'))).commit('Small (#102)'));
  await world.look();
  const tierOf = async (one: string) => {
    const [measured] = await world.told(one);
    return measured?.type === 'CHANGE_MEASURED' ? measured.data.tier : 'untold';
  };
  assert.deepEqual([await tierOf(first), await tierOf(second)], [null, 'T0']);
});

test('the inverse of a merged change counts for nothing, though an issue asked for it, and in whichever order both are read', async (t) => {
  const world = await withChange(t);
  const { work } = world;
  work.git('revert', '--no-edit', world.change);
  const inverse = await world.merged(2, work.git('rev-parse', 'HEAD'));
  await world.look();
  const [measured] = await world.told(inverse);
  assert.ok(measured?.type === 'CHANGE_MEASURED' && measured.data.substance === 'inverse');
  assert.deepEqual(await shapes(world, world.stream), ['whole']);
});

test('every commit behind a change is looked at, however many there are', async (t) => {
  const work = new Work(t);
  const change = work.write('a.txt', 'a\n').commit('First');
  const who = 'committer a <a@x> 1 +0000';
  const empty = (at: number) => `commit refs/heads/main\n${who}\ndata 1\nx\n${at === 0 ? `from ${change}\n` : ''}\n`;
  work.git('checkout', '-q', '--detach');
  execFileSync('git', ['fast-import', '--quiet'], {
    cwd: work.dir,
    input: Array.from({ length: 1_200 }, (_, at) => empty(at)).join(''),
  });
  assert.equal((await firstParents(work.dir, change, 'main')).length, 1_200);
});

test('a revert commit is found, whether or not the change was read before it came', async (t) => {
  const early = await withChange(t);
  await early.look();
  early.work.git('revert', '--no-edit', early.change);
  await early.look();
  assert.deepEqual(await shapes(early, early.stream), ['whole']);
  const { rows } = await early.ledger.pool.query('SELECT streak, cooldown_until FROM ledger');
  assert.ok(rows[0].streak === 0 && rows[0].cooldown_until !== null);
  const late = await withChange(t);
  late.work.git('revert', '--no-edit', late.change);
  await late.look();
  assert.deepEqual(await shapes(late, late.stream), ['whole']);
});

test('a revert that came as a merged pull request under a message of its own is found', async (t) => {
  const world = await withChange(t);
  await world.look();
  const { work } = world;
  work.git('checkout', '-q', '-b', 'undo');
  work.git('revert', '-n', world.change);
  work.commit('Tidy up');
  work.git('checkout', '-q', 'main');
  work.write('other.txt', 'other\n').commit('Beside it');
  work.git('merge', '-q', '--no-ff', '-m', 'Merge branch undo', 'undo');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['whole']);
});

test('a revert that was squashed with other work is found in it', async (t) => {
  const world = await withChange(t);
  await world.look();
  world.work.git('revert', '-n', world.change);
  world.work.write('src/else.ts', text(lines(50, 'else'))).commit('A feature');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['contained']);
});

test('half of a change taken back is a rollback, a third is a question, a line is nothing, and parts add up', async (t) => {
  const world = await withChange(t);
  await world.look();
  const { work } = world;
  work.write('src/more.ts', text(lines(9, 'more'))).commit('A line less');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), []);
  work.git('revert', '--no-edit', 'HEAD');
  await world.look();
  work.git('rm', '-q', 'src/more.ts');
  work.commit('The file is not wanted');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['question']);
  work.write('src/app.ts', text(lines(20, 'old'), lines(20, 'tail'))).commit('Nor is the rest');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['question', 'contained']);
});

test('a revert of a revert takes back the revert, and not the change once more', async (t) => {
  const world = await withChange(t);
  await world.look();
  const { work } = world;
  work.git('revert', '--no-edit', world.change);
  const revert = work.git('rev-parse', 'HEAD');
  const second = await world.merged(2, revert);
  await world.look();
  work.git('revert', '--no-edit', revert);
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['whole']);
  assert.deepEqual(await shapes(world, second), ['whole']);
});

test('a revert is found on a base that moved around it, and after the branch was rewritten', async (t) => {
  const world = await withChange(t);
  await world.look();
  const { work } = world;
  work
    .write('src/app.ts', text(lines(7, 'top'), lines(10, 'old'), lines(10, 'new'), lines(20, 'tail'), 'end'))
    .commit('Around it');
  work.write('src/app.ts', text(lines(7, 'top'), lines(20, 'old'), lines(20, 'tail'), 'end'));
  work.git('rm', '-q', 'src/more.ts');
  work.commit('Undone by hand');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['whole']);
  const other = await withChange(t);
  await other.look();
  other.work.git('commit', '-q', '--amend', '-m', 'The same under another name');
  other.work.git('revert', '--no-edit', 'HEAD');
  await other.look();
  assert.deepEqual(await shapes(other, other.stream), ['whole']);
});

test('where the branch was rewritten and nobody has what it was, a person is asked once, and what comes next is looked through', async (t) => {
  const world = await withChange(t);
  await world.look();
  world.lose(world.change);
  world.work.git('commit', '-q', '--amend', '-m', 'The same under another name');
  await world.look();
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['question']);
  world.work.git('revert', '--no-edit', 'HEAD');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['question', 'whole']);
});

test('a message that says so and a diff that does not is a question to a person', async (t) => {
  const world = await withChange(t);
  await world.look();
  world.work.write('README.md', 'x\n').commit(`Sorry\n\nThis reverts commit ${world.change}.`);
  await world.look();
  world.work.write('README.md', 'y\n').commit('Reverts acme/widgets#101');
  await world.look();
  assert.deepEqual(await shapes(world, world.stream), ['question']);
  const innocent = await withChange(t);
  innocent.work.write('README.md', 'z\n').commit(`Reverts #999 and commit ${'0'.repeat(40)}`);
  await innocent.look();
  assert.deepEqual(await shapes(innocent, innocent.stream), []);
});

test('binaries, modes, empty files and lines that look like headers are taken back as well', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  work
    .write('logo.bin', Buffer.from([0, 1, 2]))
    .write('run.sh', '#!/bin/sh\n')
    .write('notes.txt', 'one\n')
    .commit('First');
  work.write('logo.bin', Buffer.from([0, 9, 9, 9])).write('empty.txt', '');
  work.write('notes.txt', 'one\ndiff --git a/x b/x\n@@ -1,9 +1,9 @@\n-minus\n+plus\nindex 0..1\nno newline');
  chmodSync(`${work.dir}/run.sh`, 0o755);
  const stream = await world.merged(1, work.commit('All sorts'));
  await world.look();
  work.git('revert', '--no-edit', 'HEAD');
  await world.look();
  assert.deepEqual(await shapes(world, stream), ['whole']);
});

test('white space alone is told to be empty, and no other change of white space takes it back', async (t) => {
  const world = await openReverts(t);
  const { work } = world;
  work.write('a.txt', 'a b\n').commit('First');
  const stream = await world.merged(1, work.write('a.txt', 'a   b\n').commit('Spaces'));
  await world.look();
  const [measured] = await world.told(stream);
  assert.ok(measured?.type === 'CHANGE_MEASURED' && measured.data.substance === 'empty');
});

test('a change that was rebased onto the base is as many commits as its pull request had', async (t) => {
  const world = await openReverts(t, { mergeMethod: 'rebase' });
  const { work, ledger } = world;
  work.write('a.txt', 'a\n').commit('First');
  work.write('b.txt', text(lines(5, 'b'))).commit('One of two');
  const stream = await world.merged(1, work.write('c.txt', text(lines(5, 'c'))).commit('Two of two'));
  await world.look();
  assert.deepEqual(await world.told(stream), [], 'not known how many');
  await ledger.pool.query(
    "INSERT INTO forge_pulls (host, repository_id, number, head_sha, summary, live, updated_at, observed_at) VALUES ('forge.test', 7, 101, 'x', '{}', $1, now(), now())",
    [JSON.stringify({ commits: [{}, {}], complete: { commits: true } })],
  );
  const again = await openAgain(world);
  const [measured] = await again(stream);
  assert.ok(measured?.type === 'CHANGE_MEASURED' && measured.data.files === 2);
});

/** The look after next, when what could not be read is tried again. */
async function openAgain(world: RevertsWorld) {
  world.forget();
  await world.look();
  return world.told;
}
