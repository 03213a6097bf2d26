import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { newPlaces } from './sources.ts';

const npm = (packages: Record<string, object>) => JSON.stringify({ lockfileVersion: 3, packages }, null, 2);
const at = (path: string) => ({ resolved: `https://registry.npmjs.org/${path}`, integrity: 'sha512-x' });
const LODASH = npm({ 'node_modules/lodash': at('lodash/-/lodash-4.17.20.tgz') });
const yarn = (url: string, name = 'lodash') =>
  `${name}@^4.0.0, ${name}@^4.1.0:\n  version "4.17.20"\n  resolved "${url}"\n`;
const YARN = yarn('https://registry.yarnpkg.com/lodash/-/lodash-4.17.20.tgz#aa');
const RESOLVED = '"location" : "https://github.com/apple/swift-nio.git",';

for (const [what, path, before, after, wanted] of [
  ['another version', 'package-lock.json', LODASH, LODASH.replaceAll('4.17.20', '4.17.21'), []],
  [
    'a further package of its own folder',
    'package-lock.json',
    LODASH,
    npm({
      'node_modules/lodash': at('lodash/-/lodash-4.17.20.tgz'),
      'node_modules/@a/b': at('@a/b/-/b-1.0.0.tgz'),
      'node_modules/c/node_modules/d': at('d/-/d-1.0.0.tgz'),
    }),
    [],
  ],
  [
    'the tarball of another package',
    'package-lock.json',
    LODASH,
    npm({ 'node_modules/lodash': at('evil/-/evil-1.0.0.tgz') }),
    ['lodash from registry.npmjs.org/evil'],
  ],
  [
    'the tarball of another package of an old lock',
    'package-lock.json',
    '{"dependencies":{}}',
    JSON.stringify({ dependencies: { a: { dependencies: { lodash: at('evil/-/evil-1.0.0.tgz') } } } }),
    ['lodash from registry.npmjs.org/evil'],
  ],
  [
    'another package by an alias',
    'package-lock.json',
    LODASH,
    npm({ 'node_modules/lodash': { name: 'evil', ...at('evil/-/evil-1.0.0.tgz') } }),
    ['node_modules/lodash as evil'],
  ],
  [
    'a registry without encryption',
    'package-lock.json',
    LODASH,
    LODASH.replace('https:', 'http:'),
    ['http://registry.npmjs.org/lodash/-/lodash-4.17.20.tgz'],
  ],
  [
    'an address with one slash',
    'package-lock.json',
    LODASH,
    LODASH.replace('https://registry.npmjs.org/', 'https:/evil.example/'),
    ['https:/evil.example/lodash/-/lodash-4.17.20.tgz'],
  ],
  [
    'a repository by ssh',
    'package-lock.json',
    LODASH,
    LODASH.replace('https://registry.npmjs.org/lodash/-/lodash-4.17.20.tgz', 'git@github.com:evil/x.git'),
    ['git@github.com:evil/x.git'],
  ],
  ['a lock that is none', 'package-lock.json', LODASH, '{', ['a lock that cannot be read']],
  ['yarn: another version', 'yarn.lock', YARN, YARN.replaceAll('4.17.20', '4.17.21'), []],
  [
    'yarn: the tarball of another package',
    'yarn.lock',
    YARN,
    yarn('https://registry.yarnpkg.com/evil/-/evil-1.0.0.tgz'),
    ['lodash from registry.yarnpkg.com/evil'],
  ],
  [
    'yarn: another package by its resolution',
    'yarn.lock',
    '"lodash@npm:^4.17.0":\n  resolution: "lodash@npm:4.17.20"\n',
    '"lodash@npm:^4.17.0":\n  resolution: "evil@npm:1.0.0"\n',
    ['lodash as evil'],
  ],
  [
    'a package of pip from another repository',
    'requirements.txt',
    'foo @ git+https://github.com/good/foo@v1',
    'foo @ git+https://github.com/evil/foo@v1',
    ['https://github.com/evil/foo'],
  ],
  [
    'a package of pip at another tag',
    'requirements.txt',
    'foo @ git+https://github.com/good/foo@v1',
    'foo @ git+https://github.com/good/foo@v2',
    [],
  ],
  ['a package of pip on this machine', 'requirements.txt', 'foo==1.0', 'foo @ file:../evil', ['file:../evil']],
  [
    'a package of Swift from another owner',
    'Package.resolved',
    RESOLVED,
    RESOLVED.replace('apple', 'evil'),
    ['https://github.com/evil/swift-nio'],
  ],
  [
    'a package of Swift at another version',
    'Package.resolved',
    `${RESOLVED}\n"version" : "1.0.0"`,
    `${RESOLVED}\n"version" : "1.1.0"`,
    [],
  ],
  ['hashes and versions', 'poetry.lock', 'a = 1', '{file = "a-1.0.whl", hash = "sha256:ab12"}', []],
] as const)
  test(`places of packages: ${what}: ${wanted.length === 0 ? 'nothing new' : wanted.join()}`, () => {
    assert.deepEqual(newPlaces(path, { before, after }), wanted);
  });

test('places of packages: a lock of any shape is looked through at once', () => {
  const spent = processorTime();
  for (const text of [
    'a'.repeat(1 << 21),
    'a@'.repeat(1 << 20),
    'https://'.repeat(1 << 18),
    'git+'.repeat(1 << 19),
    '\n'.repeat(1 << 20),
  ])
    for (const path of ['yarn.lock', 'package-lock.json']) newPlaces(path, { before: '', after: `${text}:` });
  assert.ok(spent() < 2_000);
});
