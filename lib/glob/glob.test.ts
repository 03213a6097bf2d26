import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import picomatch from 'picomatch';
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

test('globs that make other matchers run for ages are answered at once', () => {
  const matches = compileGlobs([`${'*a'.repeat(60)}b`, `${'**/a/'.repeat(40)}b`]);
  const begun = performance.now();
  assert.equal(matches('a'.repeat(4_000)), false);
  assert.equal(matches('a/'.repeat(2_000)), false);
  assert.ok(performance.now() - begun < 1_000);
});
