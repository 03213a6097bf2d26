import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { enums } from '#crds';
import { judgeEgress } from './judge.ts';
import { egressHosts, egressPresets } from './presets.ts';
import { isAddress, plainTarget, tunnelTarget } from './target.ts';

const HOSTS: [written: string, host: string | null][] = [
  ['registry.example.org:443', 'registry.example.org'],
  ['Registry.EXAMPLE.org:443', 'registry.example.org'],
  ['registry.example.org.:443', 'registry.example.org'],
  ['xn--bcher-kva.example:443', 'xn--bcher-kva.example'],
  ['192.0.2.7:443', '192.0.2.7'],
  ['192.0.2.7.:443', '192.0.2.7'],
  ['0x7f.1:443', '127.0.0.1'],
  ['0177.0.0.1:443', '127.0.0.1'],
  ['2130706433:443', '127.0.0.1'],
  ['[::1]:443', '[::1]'],
  ['[2001:DB8:0:0::7]:443', '[2001:db8::7]'],
  ['[::ffff:127.0.0.1]:443', '[::ffff:7f00:1]'],
  ['bücher.example:443', null],
  ['user@registry.example.org:443', null],
  ['user:secret@registry.example.org:443', null],
  ['registry.example.org', null],
  ['registry.example.org:0', null],
  ['registry.example.org:65536', null],
  ['registry.example.org:443/path', null],
  ['registry.example.org:443#', null],
  ['%72egistry.example.org:443', null],
  ['[fe80::1%25eth0]:443', null],
  ['[::1:443', null],
  ['::1:443', null],
  ['999.0.0.1:443', null],
  ['registry example.org:443', null],
  ['.:443', null],
  [':443', null],
  ['', null],
  ['http://registry.example.org:443', null],
];

test('a CONNECT target is a host and a port and nothing else, in one spelling', () => {
  for (const [written, host] of HOSTS) assert.equal(tunnelTarget(written)?.host ?? null, host, written);
});

test('an absolute URL gives its host, port 80 unless it says another, and no user', () => {
  assert.deepEqual(plainTarget('http://Deb.example.org/x?y'), { host: 'deb.example.org', port: 80, plain: true });
  assert.deepEqual(plainTarget('HTTP://deb.example.org:8080'), { host: 'deb.example.org', port: 8080, plain: true });
  assert.deepEqual(plainTarget('http://[::1]/'), { host: '[::1]', port: 80, plain: true });
  for (const bad of ['https://a.example/', '/x', 'http://u:p@a.example/', 'http:///x', 'http://a.example\\@b.example/'])
    assert.equal(plainTarget(bad), null, bad);
});

test('whatever is read as a target has a host that the URL standard leaves as it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.webAuthority(),
        fc.string(),
        fc.domain().map((name) => `${name}:443`),
      ),
      (authority) => {
        const target = tunnelTarget(authority);
        if (target !== null) assert.equal(new URL(`http://${target.host}/`).hostname, target.host);
      },
    ),
  );
});

const ALLOW = [
  'registry.example.org',
  '*.cdn.example.org',
  'git.example.org:8443',
  'http://deb.example.org',
  '192.0.2.7',
];
const VERDICTS: [url: string, verdict: true | string][] = [
  ['registry.example.org:443', true],
  ['registry.example.org:80', 'PortNotListed'],
  ['http://registry.example.org/', 'PortNotListed'],
  ['http://registry.example.org:443/', 'PlainNotListed'],
  ['example.org:443', 'HostNotListed'],
  ['evil-registry.example.org:443', 'HostNotListed'],
  ['registry.example.org.evil.example:443', 'HostNotListed'],
  ['a.cdn.example.org:443', true],
  ['a.b.cdn.example.org:443', true],
  ['cdn.example.org:443', 'HostNotListed'],
  ['evilcdn.example.org:443', 'HostNotListed'],
  ['git.example.org:8443', true],
  ['git.example.org:443', 'PortNotListed'],
  ['http://deb.example.org/x', true],
  ['deb.example.org:80', true],
  ['deb.example.org:443', 'PortNotListed'],
  ['192.0.2.7:443', true],
  ['192.0.2.8:443', 'HostNotListed'],
  ['0xc0000207:443', true],
];

test('a target passes where host, port and scheme are listed, and is told how near it came where not', () => {
  for (const [url, verdict] of VERDICTS) {
    const target = (url.startsWith('http:') ? plainTarget(url) : tunnelTarget(url))!;
    const judged = judgeEgress(ALLOW, target);
    assert.equal(judged.allowed || judged.reason, verdict, url);
  }
});

test('an empty list, and one that cannot be read, allow nothing', () => {
  const target = tunnelTarget('registry.example.org:443')!;
  for (const allow of [[], ['*'], ['https://registry.example.org'], ['*registry.example.org'], ['']])
    assert.deepEqual(judgeEgress(allow, target), { allowed: false, reason: 'HostNotListed' }, JSON.stringify(allow));
});

test('every preset is written out once, and all its hosts are names on port 443', () => {
  assert.deepEqual(Object.keys(egressPresets).sort(), [...enums.EgressPreset].sort());
  for (const [preset, hosts] of Object.entries(egressPresets))
    for (const host of hosts) {
      const target = tunnelTarget(`${host}:443`)!;
      assert.ok(!isAddress(target.host) && judgeEgress([host], target).allowed, `${preset}: ${host}`);
    }
  assert.deepEqual(egressHosts({ presets: ['npm', 'npm'], allow: ['registry.npmjs.org', 'a.example'] }), [
    'registry.npmjs.org',
    'a.example',
  ]);
  assert.deepEqual(egressHosts(undefined), []);
});
