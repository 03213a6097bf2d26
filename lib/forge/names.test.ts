import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ForgeError } from './error.ts';
import { checkBranch, checkLogin, checkRepository, encodePath } from './names.ts';

const accepts = (run: () => unknown) => {
  try {
    run();
    return true;
  } catch (error) {
    assert.ok(error instanceof ForgeError && error.code === 'Validation');
    return false;
  }
};

test('a path stays below the operation it was meant for, whatever it holds', () => {
  const segment = fc.oneof(fc.string(), fc.constantFrom('.', '..', '%2e%2e', '?', '#', 'a b', '\\', 'ü'));
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      const path = segments.join('/');
      if (!accepts(() => encodePath(path))) return;
      const url = new URL(`http://forge.test/repos/o/n/contents/${encodePath(path)}`);
      assert.ok(url.pathname.startsWith('/repos/o/n/contents/') && url.search === '' && url.hash === '');
      const inside = url.pathname.slice('/repos/o/n/contents/'.length);
      assert.equal(inside.split('/').map(decodeURIComponent).join('/'), path.toWellFormed());
    }),
  );
});

test('branch names are accepted and refused as git check-ref-format --branch does', () => {
  for (const name of ['main', 'rig/1/1', 'ä', 'a-b', 'a@b', 'a{b', 'lock', 'a.lockx'])
    assert.ok(
      accepts(() => checkBranch(name)),
      name,
    );
  const dots = ['a..b', '.a', 'a/.b', 'a.', 'a.lock', 'a.lock/b', '/a', 'a/', 'a//b', '', '-a', 'a@{b', '@'];
  for (const name of [...dots, 'a b', 'a~1', 'a^', 'a:b', 'a?', 'a*', 'a[', 'a\\b', 'a\x7f', 'a\n'])
    assert.ok(!accepts(() => checkBranch(name)), JSON.stringify(name));
});

test('logins may be bots; nothing with a slash, dots alone or control characters is a name', () => {
  assert.ok(accepts(() => checkLogin('dev-e[bot]')) && accepts(() => checkLogin('ada_corp')));
  for (const login of ['', 'a/b', '..', 'a b', 'a[x]', 'a\n']) assert.ok(!accepts(() => checkLogin(login)), login);
  assert.ok(accepts(() => checkRepository({ owner: 'o', name: '.github' })));
  for (const name of ['', '.', '..', 'a/b', 'a%2fb', 'a?b'])
    assert.ok(!accepts(() => checkRepository({ owner: 'o', name })), name);
});
