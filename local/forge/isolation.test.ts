import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readIsolation } from './isolation.ts';

const wall = { program: '/bin/wall', userNamespace: false, readable: ['/opt/node'], hidden: ['/data'], network: false };

test('what tests run behind is a wall, nothing in so many words, or a reason why none runs', () => {
  assert.deepEqual(readIsolation(JSON.stringify(wall)), wall);
  assert.equal(readIsolation('none'), 'none');
  assert.deepEqual(readIsolation('{"refused":"No walls here."}'), { refused: 'No walls here.' });
  assert.equal(readIsolation(undefined), undefined);
});

for (const text of [
  '',
  'None',
  '{}',
  'null',
  '"none"',
  '{"refused":""}',
  JSON.stringify({ ...wall, program: '' }),
  JSON.stringify({ ...wall, hidden: undefined }),
  JSON.stringify({ ...wall, hiden: [] }),
  JSON.stringify({ ...wall, network: 'no' }),
]) {
  test(`a wall that is misspelt is no wall, and none is started: --ci-isolation '${text}'`, () => {
    assert.throws(() => readIsolation(text), { code: 'BadOptions' });
  });
}
