import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import picomatch from 'picomatch';
import { processorTime } from '../../test/kit/processor.ts';
import { compileGlobs, GlobError, indexGlobs } from './index.ts';

for (const [pattern, yes, no] of [
  ['**/*.md', ['a.md', '.md', 'x/y.md', 'x/.y.md'], ['a.mdx', 'md', 'x.md/y']],
  ['docs/**', ['docs/a', 'docs/a/b', 'docs/.x'], ['docs', 'doc/a', 'x/docs/a', 'docsx/a']],
  ['**/docs/**', ['docs/a', 'x/docs/a/b'], ['docs', 'x/docs']],
  ['src/*/index.ts', ['src/a/index.ts'], ['src/index.ts', 'src/a/b/index.ts']],
  ['src/**/index.ts', ['src/index.ts', 'src/a/b/index.ts'], ['index.ts', 'src/index.tsx']],
  ['**/Dockerfile*', ['Dockerfile', 'a/Dockerfile.dev'], ['dockerfile', 'a/xDockerfile']],
  ['*.{js,ts}', ['a.js', 'b.ts'], ['a.jsx', 'x/a.js']],
  ['{a,b/{c,d}}/x', ['a/x', 'b/c/x', 'b/d/x'], ['b/x', 'c/x']],
  ['file-[a-c0-9].txt', ['file-b.txt', 'file-7.txt'], ['file-d.txt', 'file-.txt']],
  ['file-[!a-c].txt', ['file-d.txt'], ['file-a.txt']],
  ['a?c', ['abc', 'a.c'], ['ac', 'a/c']],
  ['\\*.md', ['*.md'], ['a.md']],
  ['Makefile', ['Makefile'], ['x/Makefile', 'makefile']],
] as const)
  test(`glob ${pattern}: matches ${yes.join(', ')} and not ${no.join(', ')}`, () => {
    const matches = compileGlobs([pattern]);
    assert.deepEqual([...yes, ...no].filter(matches), [...yes]);
  });

for (const [pattern, code] of [
  ['a{b', 'UnpairedBrace'],
  ['a}b', 'UnpairedBrace'],
  ['{a,b}'.repeat(12), 'TooManyAlternatives'],
  ['[a', 'BadClass'],
  ['[z-a]', 'BadClass'],
  ['/src/**', 'BadPattern'],
  ['src//a', 'BadPattern'],
  ['./src', 'BadPattern'],
  ['../a', 'BadPattern'],
  ['src/**.ts', 'BadPattern'],
  ['a\\', 'BadPattern'],
] as const)
  test(`glob ${pattern} is refused with ${code}`, () => {
    assert.throws(
      () => compileGlobs([pattern]),
      (error: unknown) => error instanceof GlobError && error.code === code && /[.]$/.test(error.message),
    );
  });

test('globs match what a matcher of others matches, over random patterns and paths', () => {
  const name = fc.stringMatching(/^[ab.]{1,3}$/).filter((text) => !/^\.{1,2}$/.test(text));
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const segment = fc.oneof(
    name,
    fc.constantFrom('*', 'a*', '*b', '*.a', 'a?', '[ab]*', '{a,b}', '{a,*b}', 'a*b*', '*a*'),
  );
  const pattern = fc
    .array(fc.oneof({ weight: 3, arbitrary: segment }, fc.constant('**')), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join('/'));
  fc.assert(
    fc.property(pattern, path, (glob, file) => {
      // A last ** takes a name here: a folder's glob is about what is in it.
      const ends = /^(.+?)(?:\/\*\*)+$/.exec(glob);
      fc.pre(ends === null || !picomatch(ends[1]!, { dot: true })(file));
      const wanted = picomatch(glob, { dot: true })(file);
      assert.equal(compileGlobs([glob])(file), wanted, `${glob} ${file}`);
      assert.deepEqual(indexGlobs([['x.y'], [glob, 'z/**'], ['**/q.r']])(file), wanted ? [1] : []);
    }),
    { numRuns: 5_000 },
  );
});

test('many lists asked at once match what each of them matches by itself, whatever was asked of a folder before', () => {
  const name = fc.constantFrom(...'a b .a a.b .b a.a.b xa b.c README'.split(' '));
  const path = fc.tuple(fc.array(name, { maxLength: 3 }), name).map(([folder, file]) => [...folder, file].join('/'));
  const segment = fc.constantFrom(...'a b a.b *.b *.a.b a* *a ?a [ab]* {a,b} {a,b}.b *a*.b .* READ*'.split(' '));
  const glob = fc
    .tuple(fc.array(fc.oneof(segment, fc.constant('**')), { maxLength: 3 }), segment)
    .map(([folder, file]) => [...folder, file].join('/'));
  const below = glob.filter((one) => !one.endsWith('**')).map((one) => `${one}/**`);
  const list = fc.array(fc.oneof({ weight: 3, arbitrary: glob }, below), { maxLength: 3 });
  fc.assert(
    fc.property(fc.array(list, { maxLength: 5 }), fc.array(path, { maxLength: 20 }), (lists, paths) => {
      const matching = indexGlobs(lists);
      const each = lists.map((globs) => globs.map((one) => picomatch(one, { dot: true })));
      // A folder's glob is about what is in it: to the other matcher it names the folder as well.
      const folders = lists
        .flat()
        .flatMap((one) => (one.endsWith('/**') ? [picomatch(one.slice(0, -3), { dot: true })] : []));
      for (const one of [...paths, ...paths]) {
        if (folders.some((is) => is(one))) continue;
        const wanted = each.flatMap((globs, at) => (globs.some((is) => is(one)) ? [at] : []));
        assert.deepEqual(matching(one), wanted, `${JSON.stringify(lists)} ${one}`);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('names that nobody has seen, of folders and endings that nobody has seen, are matched in time that grows as they do', () => {
  const matching = indexGlobs(
    Array.from({ length: 40 }, (_, at) => [`**/x${at}/**/*.t${at}`, `**/*y${at}*`, `x${at}/**`, '**/x1/**/z/*']),
  );
  /** CPU of asking about as many paths, in ms; the same path is asked of no index twice. */
  const cost = (length: number, round: number) => {
    const paths = Array.from(
      { length: 200 },
      (_, at) => `${'x1/é/'.repeat(length / 4)}${round}/${at}.${'t'.repeat(40)}${at}`,
    );
    const begun = process.cpuUsage();
    for (const path of paths) assert.deepEqual(matching(path), [1]);
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / 1_000;
  };
  const median = (length: number) => Array.from({ length: 9 }, (_, at) => cost(length, at)).sort((a, b) => a - b)[4]!;
  median(64);
  assert.ok(median(2_048) < 32 * (median(64) + 1));
});

test('what is remembered of folders and endings is bounded as a whole, and what was forgotten is answered as before', () => {
  const names = Array.from({ length: 12 }, (_, at) => `d${at}`);
  const matching = indexGlobs([...names.map((name) => [`**/${name}/**/*x`]), ['**/*.md']]);
  const first = matching('d1/a.md');
  assert.equal(matching('d1/b.md'), first, 'it is not remembered at all');
  for (let kind = 1; kind < 4_096; kind += 1) {
    const folder = names.filter((_, at) => (kind & (1 << at)) !== 0).join('/');
    for (const ending of ['a', 'b', 'c']) matching(`${folder}/n.${ending}`);
  }
  const again = matching('d1/a.md');
  assert.notEqual(again, first, 'it is kept however much was asked since');
  assert.deepEqual(again, first);
});

test('globs that make other matchers run for ages are answered at once', () => {
  const matches = compileGlobs([`${'*a'.repeat(60)}b`, `${'**/a/'.repeat(40)}b`]);
  const spent = processorTime();
  assert.equal(matches('a'.repeat(4_000)), false);
  assert.equal(matches('a/'.repeat(2_000)), false);
  assert.ok(spent() < 1_000);
});
