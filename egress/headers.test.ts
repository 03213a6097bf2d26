import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleaned, tokenOf } from './headers.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('the token is the password of Basic credentials, or a Bearer, and nothing else', () => {
  assert.equal(tokenOf(basic('task:a.b.c')), 'a.b.c');
  assert.equal(tokenOf(basic('task:a:b')), 'a:b');
  assert.equal(tokenOf(basic(':x').replace('Basic', 'bAsIc')), 'x');
  assert.equal(tokenOf('Bearer a.b-c_d'), 'a.b-c_d');
  for (const header of [undefined, '', 'Bearer', 'Bearer a b', 'Digest x', basic('no colon'), 'Basic !!'])
    assert.equal(tokenOf(header), undefined, header);
});

test('headers of the hop and those that Connection names go, whatever their case and however often they come', () => {
  const raw = [
    'Host',
    'a',
    'PROXY-Authorization',
    't',
    'proxy-authorization',
    't',
    'Connection',
    'x-a , Close',
    'X-A',
    '1',
  ];
  assert.deepEqual(cleaned([...raw, 'X-B', '2']), ['Host', 'a', 'Connection', 'x-a , Close', 'X-B', '2']);
});

test('Connection cannot take away what frames the body', () => {
  const raw = ['Connection', 'content-length, transfer-encoding, host', 'Content-Length', '3', 'Host', 'a'];
  assert.deepEqual(cleaned(raw), raw);
});
