import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorFromAnswer, errorFromTransport } from './errors.ts';
import { type Method, retryDelay } from './transport.ts';

const half = () => 0.5;
const delay = (
  status: number,
  method: Method,
  attempt = 0,
  extra: { retryAfter?: string; idempotent?: boolean } = {},
) => retryDelay(errorFromAnswer(status, '', extra), { method, idempotent: extra.idempotent }, attempt, half);

test('429 is retried for every method, and not before Retry-After', () => {
  assert.equal(delay(429, 'POST', 0, { retryAfter: '2' }), 2000);
  assert.ok((delay(429, 'GET') ?? 0) > 0);
});

test('a Retry-After of hours is cut to 30 s', () => {
  assert.equal(delay(429, 'GET', 0, { retryAfter: '7200' }), 30_000);
});

test('5xx is retried where repeating is harmless, so not for POST', () => {
  for (const status of [500, 502, 503, 504]) {
    assert.ok((delay(status, 'GET') ?? 0) > 0);
    assert.ok((delay(status, 'PATCH') ?? 0) > 0);
    assert.equal(delay(status, 'POST'), undefined);
    assert.ok((delay(status, 'POST', 0, { idempotent: true }) ?? 0) > 0);
  }
});

test('an answer that will stay the same is not asked for again', () => {
  for (const status of [400, 401, 403, 404, 409, 410, 422]) assert.equal(delay(status, 'GET'), undefined);
});

test('retries end after the fifth try', () => {
  assert.ok(delay(500, 'GET', 3) !== undefined);
  assert.equal(delay(500, 'GET', 4), undefined);
});

test('a POST whose connection was refused is sent again, one whose connection broke is not', () => {
  const refused = errorFromTransport(Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'POST /');
  const reset = errorFromTransport(Object.assign(new Error(''), { code: 'ECONNRESET' }), 'POST /');
  assert.ok(retryDelay(refused, { method: 'POST' }, 0, half) !== undefined);
  assert.equal(retryDelay(reset, { method: 'POST' }, 0, half), undefined);
});

test('a cancelled call is not retried', () => {
  const signal = AbortSignal.abort();
  assert.equal(retryDelay(errorFromAnswer(500, ''), { method: 'GET', signal }, 0, half), undefined);
});
