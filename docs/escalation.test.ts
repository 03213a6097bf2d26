import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { verify } from '../hack/notice-receiver/verify.ts';
import { parseSinks } from '../operator/escalation/sinks.ts';
import { webhookMessage } from '../operator/escalation/webhook.ts';

const page = readFileSync(join(import.meta.dirname, 'escalation.md'), 'utf8');
const block = (language: string) => new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
const sinks = parseSinks(block('yaml'));
const secret = /whsec_\S+/.exec(block('yaml'))?.[0] ?? '';
const now = Date.parse('2026-03-02T12:00:00Z');

const notice = {
  id: '0195@30-1772452800000',
  cause: '0195@17-1772449200000',
  type: 'human_gate.reminded',
  reminder: 2,
  namespace: 'team',
  issue: 'widgets-12',
  number: 12,
  url: 'https://github.com/acme/widgets/issues/12',
  pullRequest: null,
  title: 'Fix the parser',
  reason: 'AskedForPerson',
  message: 'Which of the two?',
  since: Date.parse('2026-03-02T11:00:00Z'),
} as const;
const { headers, body } = webhookMessage(notice, sinks[0]!, now);

type Verify = typeof verify;
const shown = `data:text/javascript,${encodeURIComponent(block('js'))}`;

for (const [what, load] of [
  ['the page shows', async () => ((await import(shown)) as { verify: Verify }).verify],
  ['the receiver has', async () => verify],
] as const)
  test(`what ${what} verifies a notice, and refuses one that is old, changed, or signed by another`, async () => {
    const check: Verify = await load();
    const other = `whsec_${Buffer.alloc(32, 'x').toString('base64')}`;
    assert.equal(check(headers, body, secret, now), true);
    assert.equal(
      check({ ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` }, body, secret, now),
      true,
    );
    for (const refused of [
      check(headers, body, secret, now + 301_000),
      check(headers, body, secret, now - 301_000),
      check(headers, `${body} `, secret, now),
      check(headers, body, other, now),
      check({ ...headers, 'webhook-id': '0195@31-1772452800000' }, body, secret, now),
      check({ ...headers, 'webhook-timestamp': String(now / 1_000 + 1) }, body, secret, now),
      check({ ...headers, 'webhook-timestamp': 'NaN' }, body, secret, now),
      check({}, body, secret, now),
    ])
      assert.equal(refused, false);
  });

test('a known notice under a known secret has the signature that Standard Webhooks gives it', () => {
  // Computed with openssl: printf '%s' "$id.$timestamp.$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64
  const known = { id: 'msg', type: 'agent.stuck' } as never;
  const sent = webhookMessage({ ...(known as object), since: 0 } as never, { secret: Buffer.from('key') }, 1_000);
  assert.equal(
    sent.body,
    '{"type":"agent.stuck","timestamp":"1970-01-01T00:00:01.000Z","data":{"since":"1970-01-01T00:00:00.000Z"}}',
  );
  assert.equal(sent.headers['webhook-signature'], 'v1,dbBisDwK0o77WRjekbDyDK2ijH2PR7sHIHibauY78dk=');
});

test('the example of what a webhook gets has the fields that are sent', () => {
  const example = JSON.parse(block('json'));
  const sent = JSON.parse(body);
  assert.deepEqual(Object.keys(example), Object.keys(sent));
  assert.deepEqual({ ...example.data, cause: sent.data.cause }, sent.data);
  assert.deepEqual([example.type, example.timestamp], [sent.type, sent.timestamp]);
});

test('the sample of the Secret holds the sinks of the page', () => {
  const sample = parse(readFileSync(join(import.meta.dirname, '..', 'config', 'samples', 'sinks.yaml'), 'utf8'));
  assert.deepEqual(parseSinks(sample.stringData['sinks.yaml']), sinks);
});

test('the table of fields names every field of a sink', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(rows, ['name', 'kind', 'url', 'secret', 'network', 'namespaces']);
});
