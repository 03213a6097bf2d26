import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressRule } from './addresses.ts';

const INSIDE = [
  [
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
  ],
  ['192.0.0.1', '192.168.1.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  [
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:93.184.215.14',
    '64:ff9b::a00:1',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'ff02::1',
  ],
  ['2001:0:a00:1::', '2002:a00:1::1', 'fec0::1', '100::1'],
  ['fe80::1%lo', 'no address', ''],
].flat();
const OUTSIDE = ['93.184.215.14', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'];

test('only addresses of the public internet are reached', () => {
  const may = addressRule();
  for (const address of INSIDE) assert.equal(may(address), false, address);
  for (const address of OUTSIDE) assert.equal(may(address), true, address);
});

test('a range that the operator denies is refused although it is public; one it allows is reached although it is inside', () => {
  const may = addressRule({ deny: ['93.184.0.0/16', '2606:4700::/32'], allow: ['10.9.0.0/16', '93.184.215.14/32'] });
  assert.deepEqual(['93.184.1.1', '2606:4700::1111', '10.9.1.1', '93.184.215.14', '10.8.0.1'].map(may), [
    false,
    false,
    true,
    true,
    false,
  ]);
});

test('a range that is none is named at start', () => {
  for (const range of ['10.0.0.0', '10.0.0.0/33', 'fd00::/129', '300.0.0.0/8', 'all', '10.0.0.0/8/8'])
    assert.throws(
      () => addressRule({ allow: [range] }),
      new RegExp(`^Error: ${range.replace(/[.]/g, '\\.')} is no range`),
    );
});
