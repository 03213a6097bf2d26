import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorFromAnswer, errorFromTransport, isKubeError, networkCode } from './errors.ts';

const status = (fields: object) => JSON.stringify({ kind: 'Status', status: 'Failure', ...fields });

test('409 is AlreadyExists or Conflict, as the reason of the Status says', () => {
  assert.equal(errorFromAnswer(409, status({ reason: 'AlreadyExists' })).code, 'AlreadyExists');
  assert.equal(errorFromAnswer(409, status({ reason: 'Conflict' })).code, 'Conflict');
});

test('an expired continue token and an old watch version are both Gone', () => {
  assert.equal(errorFromAnswer(410, status({ reason: 'Expired' })).code, 'Gone');
  assert.equal(errorFromAnswer(410, '').code, 'Gone');
});

test('the message of the server is kept, its request is named without query', () => {
  const error = errorFromAnswer(422, status({ reason: 'Invalid', message: 'spec.tier: too high' }), {
    request: 'POST /x',
  });
  assert.equal(error.message, 'spec.tier: too high');
  assert.deepEqual([error.code, error.status, error.reason, error.request], ['Invalid', 422, 'Invalid', 'POST /x']);
});

test('an answer that is not a Status is mapped by its number', () => {
  assert.equal(errorFromAnswer(502, '<html>bad gateway</html>').code, 'Unavailable');
  assert.equal(errorFromAnswer(418, 'teapot').code, 'Unexpected');
  assert.equal(errorFromAnswer(503, '"text"').code, 'Unavailable');
});

test('Retry-After comes from the header or from the Status, in ms', () => {
  assert.equal(errorFromAnswer(429, '', { retryAfter: '3' }).retryAfterMs, 3000);
  assert.equal(errorFromAnswer(429, status({ details: { retryAfterSeconds: 7 } })).retryAfterMs, 7000);
  assert.equal(errorFromAnswer(429, '').retryAfterMs, undefined);
});

test('time-outs, cancellations and broken connections are told apart', () => {
  const timeout = errorFromTransport(new DOMException('x', 'TimeoutError'), 'GET /a');
  const abort = errorFromTransport(new DOMException('x', 'AbortError'), 'GET /a');
  const reset = errorFromTransport(Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'GET /a');
  assert.deepEqual([timeout.code, abort.code, reset.code], ['Timeout', 'Aborted', 'Unavailable']);
  assert.match(reset.message, /ECONNRESET.*GET \/a/);
});

test('the network code is found below the error that wraps it', () => {
  const inner = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  assert.equal(networkCode(new Error('fetch failed', { cause: inner })), 'ECONNREFUSED');
  assert.equal(networkCode(errorFromTransport(inner, 'GET /')), 'ECONNREFUSED');
});

test('isKubeError without codes accepts any code, and nothing that is no KubeError', () => {
  assert.ok(isKubeError(errorFromAnswer(404, '')));
  assert.ok(!isKubeError(errorFromAnswer(404, ''), 'Conflict', 'Gone'));
  assert.ok(!isKubeError(new Error('NotFound'), 'NotFound'));
});
