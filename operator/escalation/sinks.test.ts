import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SinkError } from './error.ts';
import { parseSinks } from './sinks.ts';

const SECRET = `whsec_${Buffer.alloc(32, 's').toString('base64')}`;
const webhook = { name: 'ops', kind: 'webhook', url: 'https://alerts.example.com/rig', secret: SECRET };
const slack = { name: 'chat', kind: 'slack', url: 'https://hooks.slack.com/services/T0/B0/x1y2' };
const parse = (...sinks: object[]) => parseSinks(JSON.stringify({ sinks }));

test('a file names webhooks with their secret and channels whose URL is the secret; both are public and for all unless it says else', () => {
  const sinks = parse(webhook, { ...slack, network: 'private', namespaces: ['team'] });
  assert.deepEqual(
    sinks.map(({ name, kind, network, namespaces, secret }) => [name, kind, network, namespaces, secret?.length]),
    [
      ['ops', 'webhook', 'public', null, 32],
      ['chat', 'slack', 'private', ['team'], undefined],
    ],
  );
  assert.deepEqual(parseSinks('sinks: []'), []);
});

const REFUSED: readonly [string, () => unknown, RegExp][] = [
  ['no YAML', () => parseSinks('{ sinks: [ "topsecret'), /it is no YAML/],
  ['nothing', () => parseSinks(''), /wrong at its root/],
  ['an unknown field', () => parse({ ...webhook, sercet: 'topsecret' }), /wrong at \/sinks\/0/],
  ['an unknown kind', () => parse({ ...webhook, kind: 'pager' }), /wrong at \/sinks\/0\/kind/],
  ['two of a name', () => parse(webhook, { ...slack, name: 'ops' }), /two sinks are named ops/],
  ['a URL that is none', () => parse({ ...webhook, url: 'topsecret' }), /the url of ops is none/],
  ['a user in the URL', () => parse({ ...webhook, url: 'https://a:topsecret@alerts.example.com/' }), /has a user/],
  ['plain HTTP', () => parse({ ...webhook, url: 'http://alerts.example.com/topsecret' }), /not https/],
  ['plain HTTP inside', () => parse({ ...webhook, url: 'http://10.0.0.1/', network: 'private' }), /not https/],
  ['plain HTTP to a name', () => parse({ ...webhook, url: 'http://evil.example/', network: 'loopback' }), /not https/],
  ['a webhook without a secret', () => parse({ ...webhook, secret: undefined }), /secret of ops/],
  ['a short secret', () => parse({ ...webhook, secret: 'whsec_dG9wc2VjcmV0' }), /24 to 64 bytes/],
  ['a secret of another form', () => parse({ ...webhook, secret: 'topsecret'.repeat(8) }), /24 to 64 bytes/],
  ['a secret where the URL is it', () => parse({ ...slack, secret: SECRET }), /kind slack/],
  ['too many', () => parse(...Array.from({ length: 21 }, (_, n) => ({ ...slack, name: `s${n}` }))), /wrong at \/sinks/],
];

for (const [what, read, why] of REFUSED)
  test(`a file of sinks with ${what} is refused in a sentence that repeats nothing of it`, () => {
    assert.throws(read, (error) => {
      assert.ok(error instanceof SinkError && error.code === 'Invalid');
      assert.match(error.message, why);
      assert.doesNotMatch(
        `${error.stack} ${error.cause}`.replaceAll(/\n\s+at .*/g, ''),
        /topsecret|whsec_[A-Za-z0-9]|dG9w/,
      );
      return true;
    });
  });
