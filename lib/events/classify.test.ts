import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyFailure } from './classify.ts';

const status = (status: number, more = {}) => Object.assign(new Error('x'), { status, ...more });

test('a 4xx is a refusal, except where the server only asks for patience or gave up waiting', () => {
  assert.deepEqual(
    [400, 403, 404, 409, 422].map((code) => classifyFailure(status(code))),
    Array(5).fill('refused'),
  );
  assert.equal(classifyFailure(status(429)), 'notPerformed');
  assert.equal(classifyFailure(status(403, { retryAfterSeconds: 60 })), 'notPerformed');
  assert.equal(classifyFailure(status(408)), 'unknown');
});

test('a connection that never came about performed nothing, wherever in the causes it is named', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  assert.equal(classifyFailure(refused), 'notPerformed');
  assert.equal(classifyFailure(new Error('fetch failed', { cause: refused })), 'notPerformed');
});

test('a server error, a cut connection, a timeout and anything odd leave the outcome unknown', () => {
  const cut = Object.assign(new Error('cut'), { code: 'ECONNRESET' });
  for (const error of [status(500), status(502), cut, new Error('timeout'), 'text', undefined])
    assert.equal(classifyFailure(error), 'unknown');
});
