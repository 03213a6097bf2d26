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
  ['another package', 'a==1.0.0', 'b==1.0.1', false],
  ['a version within a name', 'python3.10 = ">=1.0"', 'python3.11 = ">=1.0"', false],
] as const)
  test(`pins: ${what} is ${wanted ? '' : 'not '}a change of versions alone`, () => {
    assert.equal(pinsOnly(before, after), wanted);
  });

test('pins: a text of any shape is looked through at once', () => {
  const spent = processorTime();
  for (const text of [
    '1'.repeat(1 << 19),
    '1.*'.repeat(1 << 17),
    ' 1.1'.repeat(1 << 17),
    'a://'.repeat(1 << 17),
    '\n'.repeat(1 << 18),
  ])
    pinsOnly(text, `${text}2`);
  assert.ok(spent() < 1_000);
});
