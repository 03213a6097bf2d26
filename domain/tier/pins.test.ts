import assert from 'node:assert/strict';
import { test } from 'node:test';
import { processorTime } from '../../test/kit/processor.ts';
import { pinsOnly } from './pins.ts';

const PYPROJECT =
  '[project]\ndependencies = ["a==1.0.0"]\n\n[tool.pytest.ini_options]\naddopts = "-ra"\ntestpaths = ["t"]\n[tool.x]\n';

for (const [what, before, after, wanted] of [
  ['a bump', PYPROJECT, PYPROJECT.replace('1.0.0', '1.1.0'), true],
  ['a bump to a release candidate', 'a = "1.0"', 'a = "1.1.0-rc.1"', true],
  ['a tag of an image', 'image: a/b:v1.2.3', 'image: a/b:v1.2.4', true],
  ['a digest of the same tag', `image: a:1.0@sha256:${'a'.repeat(64)}`, `image: a:1.0@sha256:${'b'.repeat(64)}`, true],
  ['a digest alone', `  digest: "sha256:${'a'.repeat(64)}"`, `  digest: "sha256:${'b'.repeat(64)}"`, true],
  ['a tag of four parts', '  tag: v0.1.3.1102', '  tag: v0.1.3.1104', true],
  ['a digest of another image', `image: a@sha256:${'a'.repeat(64)}`, `image: b@sha256:${'b'.repeat(64)}`, false],
  ['a digest that is gone', `image: a:1.0@sha256:${'a'.repeat(64)}`, 'image: a:1.0', false],
  ['a hash of a package', `a==1.0 --hash=sha256:${'a'.repeat(64)}`, `a==1.0 --hash=sha256:${'b'.repeat(64)}`, false],
  ['an address after another key', 'address: 10.0.0.1', 'address: 10.6.6.6', false],
  ['nothing', PYPROJECT, PYPROJECT, false],
  [
    'a bump and lines that moved',
    PYPROJECT,
    PYPROJECT.replace('1.0.0', '1.1.0')
      .replace('addopts = "-ra"\n', '')
      .replace('[tool.x]\n', '[tool.x]\naddopts = "-ra"\n'),
    false,
  ],
  ['a bump and a header that moved', 'a==1.0\n[t]\nb\n', 'a==1.1\nb\n[t]\n', false],
  ['a bump and one more line', 'a==1.0\n', 'a==1.1\nb==1.0\n', false],
  ['a threshold', 'fail-under = 9.5', 'fail-under = 0.5', false],
  ['a threshold among arguments', 'addopts = "--cov-fail-under=90.0"', 'addopts = "--cov-fail-under=10.0"', false],
  ['a limit', 'max-complexity = 10.5', 'max-complexity = 99.5', false],
  ['an address', 'url = "https://10.0.0.1/simple/"', 'url = "https://10.6.6.6/simple/"', false],
  [
    'a range of addresses',
    'loadBalancerSourceRanges: [192.168.0.0/16]',
    'loadBalancerSourceRanges: [8.8.0.0/16]',
    false,
  ],
  [
    'a host with a number in its name',
    'url = "https://v1.0.example.com/a"',
    'url = "https://v1.1.example.com/a"',
    false,
  ],
  ['an address by itself', 'host = "10.0.0.1"', 'host = "10.6.6.6"', false],
  ['a range in a list', '  - 192.168.0.0/16', '  - 8.8.0.0/16', false],
  ['a line that comes at the end', 'a==1.0', 'a==1.1\nb==1.0', false],
  ['a two-part version after an operator', 'a>=1.0,<2.0', 'a>=1.1,<2.1', true],
  ['a two-part version after a caret', 'a = "^1.0"', 'a = "^1.2"', true],
  ['a two-part version in quotes', 'serde = "1.0"', 'serde = "1.1"', true],
  [
    'a two-part version of an element',
    '<spring.version>6.0</spring.version>',
    '<spring.version>6.1</spring.version>',
    true,
  ],
  ['a two-part version of an attribute', '<A Include="a" Version="6.0" />', '<A Include="a" Version="6.1" />', true],
  ['a two-part version in a setting', 'MARKETING_VERSION = 1.2;', 'MARKETING_VERSION = 1.3;', true],
  ['a two-part tag of a base image', 'FROM node:18.1 AS a', 'FROM node:18.2 AS a', true],
  ['a two-part version in the environment', 'ENV NODE_VERSION 18.1', 'ENV NODE_VERSION 18.2', true],
  ['a pre-release as Python writes it', 'a==1.0rc1', 'a==1.0rc2', true],
  ['a package that is called like a quantity', 'accelerate==0.21', 'accelerate==0.22', true],
  ['a minimum of an element', '<minimum>0.80</minimum>', '<minimum>0.00</minimum>', false],
  ['an element without a word for it', '<branches>0.80</branches>', '<branches>0.00</branches>', false],
  ['a score that fails', 'fail_on = 9.5', 'fail_on = 0.1', false],
  ['a number without a word for it', 'accepted = 9.5', 'accepted = 0.1', false],
  ['a ratio in quotes', 'ratio = "0.9"', 'ratio = "0.1"', false],
  ['a quantity in camel case', 'minScore = "0.9"', 'minScore = "0.1"', false],
  ['a quantity in capitals', 'MEMORY="1.5"', 'MEMORY="0.5"', false],
  ['a number with a unit', 'b = "1.5Ti"', 'b = "0.5Ti"', false],
  ['a number with a unit behind a space', 'b = "1.5 GiB"', 'b = "0.5 GiB"', false],
  ['a share', 'b = "99.5%"', 'b = "10.5%"', false],
  ['a version with a unit', 'version: 1.2.3d', 'version: 1.2.4d', false],
  ['another package', 'a==1.0.0', 'b==1.0.1', false],
  ['a version within a name', 'python3.10 = ">=1.0"', 'python3.11 = ">=1.0"', false],
] as const)
  test(`pins: ${what} is ${wanted ? '' : 'not '}a change of versions alone`, () => {
    assert.equal(pinsOnly(before, after), wanted);
  });

/** In YAML and JSON any key has a number. */
for (const [what, before, after, wanted] of [
  ['a size', 'size: 1.5Ti', 'size: 0.5Ti', false],
  ['how long something is kept', 'retention: 30.5d', 'retention: 0.5d', false],
  ['a limit', '  cpu: 2.5', '  cpu: 0.1', false],
  ['a limit in quotes', '  cpu: "2.5"', '  cpu: "0.1"', false],
  ['a number after any other key', 'accepted: 0.95', 'accepted: 0.05', false],
  ['a number of JSON', '"accepted": 0.95', '"accepted": 0.05', false],
  ['a number in quotes', '"accepted": "0.95"', '"accepted": "0.05"', false],
  ['a bound of an alert', 'expr: a / b >= 0.5', 'expr: a / b >= 0.9', false],
  ['a conversion', 'conversion: 1.5', 'conversion: 2.5', false],
  ['a quantity beside a tag', 'a: {tag: 1.5, cpu: 2.5}', 'a: {tag: 1.5, cpu: 0.5}', false],
  ['a weight as an argument', '  - --weight:0.5', '  - --weight:0.1', false],
  ['a tag', '  tag: 1.5', '  tag: 1.6', true],
  ['a tag in quotes', '  newTag: "1.5"', '  newTag: "1.6"', true],
  ['a tag beside something else', 'a: {tag: 1.5, b: c}', 'a: {tag: 1.6, b: c}', true],
  ['a version of a chart', 'appVersion: 1.5', 'appVersion: 1.6', true],
  ['a range of versions', 'version: ">=1.5, <2.0"', 'version: ">=1.6, <2.1"', true],
  ['a revision', 'targetRevision: 1.5', 'targetRevision: 1.6', true],
  ['a revision of hooks', '    rev: v1.5', '    rev: v1.6', true],
  ['a version of a runtime', '          node-version: 20.1', '          node-version: 20.2', true],
  ['an image', 'image: postgres:13.4', 'image: postgres:13.5', true],
  ['an image in a list', '  - ghcr.io/a/b:1.5', '  - ghcr.io/a/b:1.6', true],
  ['an action', '  - uses: a/b@v1.5', '  - uses: a/b@v1.6', true],
  ['a version of JSON', '"version": "1.5"', '"version": "1.6"', true],
  ['three parts after any key', 'flux: 2.1.0', 'flux: 2.1.1', true],
] as const)
  test(`pins of a manifest: ${what} is ${wanted ? '' : 'not '}a change of versions alone`, () => {
    assert.equal(pinsOnly(before, after, true), wanted);
  });

test('pins: a text of any shape is looked through at once', () => {
  const spent = processorTime();
  for (const text of [
    `${' 1.1'.repeat(200)}\n`.repeat(1 << 8),
    `${'version'.repeat(120)}\n`.repeat(1 << 8),
    `${'a/b:1.1 '.repeat(120)}\n`.repeat(1 << 8),
    `${"='1.1".repeat(180)}\n`.repeat(1 << 8),
    `${'tag:"'.repeat(180)}\n`.repeat(1 << 8),
    '1'.repeat(1 << 19),
    '1.*'.repeat(1 << 17),
    ' 1.1'.repeat(1 << 17),
    'a://'.repeat(1 << 17),
    '\n'.repeat(1 << 18),
  ])
    for (const manifest of [false, true]) pinsOnly(text, text.replaceAll('\n', '2\n').concat('2'), manifest);
  assert.ok(spent() < 1_000);
});
