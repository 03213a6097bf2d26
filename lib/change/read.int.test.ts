import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gitIn, readChange as read } from './index.ts';
import { TestRepository } from './repository.int-kit.ts';

const readChange = (cwd: string, base: string, head: string) => read(gitIn(cwd), { base, head });

const repository = new TestRepository();
after(() => repository.remove());

const long = Array.from({ length: 30 }, (_, at) => `line ${at}`).join('\n');
repository.write('kept.md', 'one\n');
repository.write('moved/old name.txt', long);
repository.write('gone.ts', 'x\n');
repository.write('run.sh', 'echo\n');
repository.write('turned', 'a file\n');
repository.write('large.sql', 'SELECT 1;\n');
const base = repository.commit();

test('a change of git is read with names, modes, line counts, pointers and texts', async () => {
  repository.git('checkout', '--quiet', '-b', 'work');
  repository.write('kept.md', 'one\ntwo\n');
  repository.git('mv', 'moved/old name.txt', 'new\nname é.txt');
  rmSync(join(repository.path, 'gone.ts'));
  repository.executable('run.sh');
  rmSync(join(repository.path, 'turned'));
  repository.link('turned', 'kept.md');
  repository.write('picture.png', Buffer.from([0, 1, 2]));
  repository.write('big.bin', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  repository.write('latin.txt', Buffer.from([0x61, 0xe9, 0x0a]));
  repository.write('large.sql', Buffer.alloc(5 * 1024 * 1024, 'a'));
  repository.commit();
  repository.git('update-index', '--add', '--cacheinfo', `160000,${base},vendor`);
  repository.git('commit', '--quiet', '-m', 'A submodule');
  const head = repository.git('rev-parse', 'HEAD');
  const change = await readChange(repository.path, base, head);
  assert.equal(change.complete, true);
  const of = (path: string) => change.files.find((file) => file.path === path);
  const shape = (path: string) => {
    const file = of(path)!;
    return [file.status, file.previousPath, file.oldMode, file.newMode, file.added, file.deleted, file.pointer];
  };
  assert.deepEqual(shape('kept.md'), ['modified', null, '100644', '100644', 1, 0, false]);
  assert.deepEqual(shape('new\nname é.txt'), ['renamed', 'moved/old name.txt', '100644', '100644', 0, 0, false]);
  assert.deepEqual(shape('gone.ts'), ['deleted', null, '100644', null, 0, 1, false]);
  assert.deepEqual(shape('run.sh'), ['modified', null, '100644', '100755', 0, 0, false]);
  assert.deepEqual(shape('turned').slice(0, 4), ['type', null, '100644', '120000']);
  assert.deepEqual(shape('picture.png'), ['added', null, null, '100644', null, null, false]);
  assert.deepEqual(shape('big.bin').slice(-1), [true]);
  assert.deepEqual(shape('vendor').slice(0, 4), ['added', null, null, '160000']);
  const filled = await change.withContent(['kept.md', 'gone.ts', 'picture.png', 'latin.txt', 'large.sql', 'vendor']);
  const content = (path: string) => filled.files.find((file) => file.path === path)?.content;
  assert.deepEqual(content('kept.md'), { before: 'one\n', after: 'one\ntwo\n' });
  assert.deepEqual(content('gone.ts'), { before: 'x\n', after: null });
  for (const path of ['picture.png', 'latin.txt', 'large.sql', 'vendor'])
    assert.equal(content(path), 'unreadable', path);
  assert.equal(content('run.sh'), undefined);
});

test('what the base gained meanwhile is no part of the change', async () => {
  repository.git('checkout', '--quiet', '-f', 'main');
  repository.write('meanwhile.md', 'x\n');
  const tip = repository.commit();
  repository.git('checkout', '--quiet', '-b', 'other', base);
  repository.write('mine.md', 'x\n');
  const facts = await readChange(repository.path, tip, repository.commit());
  assert.deepEqual(
    facts.files.map(({ path }) => path),
    ['mine.md'],
  );
  assert.deepEqual([facts.why, facts.mergeBases], [null, [base]]);
});

test('histories without one commit in common are no complete change', async () => {
  repository.git('checkout', '--quiet', '--orphan', 'alone');
  const facts = await readChange(repository.path, base, repository.commit());
  assert.deepEqual([facts.complete, facts.files, facts.mergeBases], [false, [], []]);
  assert.match(facts.why!, /no commit in common/);
  assert.deepEqual(await facts.withContent(['x']).then(({ complete, files }) => [complete, files]), [false, []]);
});

test('histories that crossed twice are no complete change', async () => {
  const crossed = new TestRepository();
  crossed.write('a', '1');
  crossed.commit();
  crossed.git('checkout', '--quiet', '-b', 'left');
  crossed.write('left', '1');
  const left = crossed.commit();
  crossed.git('checkout', '--quiet', '-b', 'right', 'main');
  crossed.write('right', '1');
  const right = crossed.commit();
  crossed.git('merge', '--quiet', '--no-ff', '-m', 'm', left);
  const one = crossed.git('rev-parse', 'HEAD');
  crossed.git('checkout', '--quiet', 'left');
  crossed.git('merge', '--quiet', '--no-ff', '-m', 'm', right);
  const other = crossed.git('rev-parse', 'HEAD');
  const facts = await readChange(crossed.path, one, other);
  crossed.remove();
  assert.equal(facts.complete, false);
  assert.deepEqual([...facts.mergeBases].sort(), [left, right].sort());
  assert.match(facts.why!, /merge that one into it/);
});

test('an attribute of the branch hides nothing, and a listing that is not whole is an error', async () => {
  repository.git('checkout', '--quiet', '-f', '-b', 'attributes', base);
  repository.write('.gitattributes', '*.md binary -diff\n');
  repository.write('kept.md', 'one\nthree\n');
  const head = repository.commit();
  const bare = new TestRepository();
  bare.git('clone', '--quiet', '--bare', repository.path, 'bare.git');
  const facts = await readChange(join(bare.path, 'bare.git'), base, head);
  bare.remove();
  assert.equal(facts.files.find(({ path }) => path === 'kept.md')?.added, 1);
  await assert.rejects(readChange(repository.path, base, '0'.repeat(40)));
});

test('which files may hold a manifest is told from their bytes, whatever they are named', async () => {
  repository.git('checkout', '--quiet', '-f', '-b', 'manifests', base);
  const texts: [string, string | Buffer, boolean][] = [
    ['a/README.md', '# Read\napiVersion: v1\n', true],
    ['a/escaped.txt', '"api\\x56ersion": v1\n', true],
    ['a/tagged.txt', '!!binary YXBpVmVyc2lvbg==: v1\n', true],
    ['a/wide.md', Buffer.from('\ufeffapiVersion: v1\n', 'utf16le'), true],
    ['a/words.md', 'Some words.\n', false],
    ['a/picture.png', Buffer.concat([Buffer.from([137, 80, 0]), Buffer.from('apiVersion')]), false],
    ['a/large.txt', Buffer.alloc(33 * 1024 * 1024, 'a'), true],
    ['a/large.png', Buffer.alloc(17 * 1024 * 1024), false],
  ];
  for (const [path, text] of texts) repository.write(path, text);
  const { files } = await readChange(repository.path, base, repository.commit());
  assert.deepEqual(
    files.map(({ path, manifest }) => [path, manifest]).sort(),
    texts.map(([path, , manifest]) => [path, manifest]).sort(),
  );
});

test('a listing that is longer than anyone reads is no complete change, and says so', async () => {
  const tooMuch = gitIn(repository.path);
  const change = await read((args, options) => tooMuch(args, { ...options, outputMax: 64 }), {
    base,
    head: repository.git('rev-parse', 'manifests'),
  });
  assert.deepEqual([change.complete, change.why], [false, 'The list of its files is too long.']);
});

test('a name of a megabyte is read, and is for whoever grades it to refuse', async () => {
  repository.git('checkout', '--quiet', '-f', '-b', 'long', base);
  const blob = repository.git('rev-parse', `${base}:kept.md`);
  const name = 'rbac'.repeat(1 << 18);
  const tree = repository.mktree(`100644 blob ${blob}\t${name}\n`);
  const head = repository.git('commit-tree', tree, '-p', base, '-m', 'Long');
  const { complete, files } = await readChange(repository.path, base, head);
  assert.deepEqual([complete, files.some(({ path }) => path === name)], [true, true]);
});
