import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { ForgeError } from './error.ts';
import type { FactUpdate } from './updates.ts';
import { parseDelivery, verifySignature } from './webhook.ts';

interface Examples {
  name: string;
  examples: Record<string, unknown>[];
}
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as Examples[];
const payloads = (event: string) => examples.find(({ name }) => name === event)?.examples ?? [];
const bytes = (text: string) => new TextEncoder().encode(text);
const only = <K extends FactUpdate['kind']>(kind: K, event: string, payload: unknown) => {
  const found = parseDelivery(event, payload).updates.find((update) => update.kind === kind);
  assert.ok(found, `no ${kind} in ${event}`);
  return found as Extract<FactUpdate, { kind: K }>;
};

const SECRET = "It's a Secret to Everybody";
const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

test("the signature's published answer verifies, and no other", () => {
  assert.equal(verifySignature(SECRET, bytes('Hello, World!'), SIGNATURE), true);
  assert.equal(verifySignature(SECRET, bytes('Hello, World?'), SIGNATURE), false);
  assert.equal(verifySignature('another secret', bytes('Hello, World!'), SIGNATURE), false);
});

test('a missing, cut, upper-case or SHA-1 signature and an empty secret are refused', () => {
  const body = bytes('Hello, World!');
  for (const header of [
    null,
    undefined,
    '',
    SIGNATURE.slice(0, -1),
    SIGNATURE.toUpperCase(),
    'sha1=757107ea',
    `${SIGNATURE}00`,
  ])
    assert.equal(verifySignature(SECRET, body, header), false);
  const anyone = `sha256=${createHmac('sha256', '').update(body).digest('hex')}`;
  assert.equal(verifySignature('', body, anyone), false);
});

/** event → [example payloads, updates by kind]; what is missing in the sum is told as ignored. */
const COUNTS: Record<string, [number, Partial<Record<FactUpdate['kind'], number>>]> = {
  ping: [4, { ping: 3, repository: 3 }],
  push: [7, { push: 7 }],
  issues: [29, { issue: 25 }],
  issue_comment: [9, { comment: 5 }],
  pull_request: [29, { 'pull-request': 29 }],
  pull_request_review: [4, { review: 4, 'pull-request': 4 }],
  pull_request_review_comment: [5, { 'review-comment': 5, 'pull-request': 5 }],
  pull_request_review_thread: [3, { thread: 3, 'pull-request': 3 }],
  check_run: [9, { check: 9 }],
  check_suite: [9, { 'check-suite': 9 }],
  status: [4, { check: 4 }],
  repository: [13, { repository: 13 }],
  public: [3, { repository: 3 }],
  branch_protection_rule: [5, { rules: 5 }],
  member: [4, { permission: 4 }],
  team_add: [3, { permission: 3 }],
  team: [6, { permission: 3 }],
  meta: [2, { 'hook-gone': 2 }],
  deployment: [4, { deployment: 4 }],
  deployment_status: [4, { deployment: 4 }],
};

for (const [event, [total, expected]] of Object.entries(COUNTS))
  test(`each of GitHub's ${total} example payloads of ${event} is read or ignored with a reason`, () => {
    const counted: Record<string, number> = {};
    for (const payload of payloads(event)) {
      const { updates, ignored } = parseDelivery(event, payload);
      assert.equal(updates.length === 0, ignored !== null);
      for (const update of updates) counted[update.kind] = (counted[update.kind] ?? 0) + 1;
    }
    assert.equal(payloads(event).length, total);
    assert.deepEqual(counted, expected);
  });

test('every example payload of every other event is told of an installation or ignored with a reason', () => {
  for (const { name, examples: all } of examples.filter(({ name }) => !(name in COUNTS)))
    for (const payload of all) {
      const { updates, installation, ignored } = parseDelivery(name, payload);
      assert.equal(updates.length, 0);
      assert.equal(installation !== null, name.startsWith('installation'));
      assert.equal(ignored === null, installation !== null);
      assert.match(ignored ?? 'A.', /^[A-Z].*\.$/s);
    }
});

test('a suspended installation, one that is back and one that is deleted say so, of the repositories that are listed', () => {
  const told = (event: string, action: string) =>
    payloads(event)
      .filter((one) => one.action === action)
      .map((one) => parseDelivery(event, one).installation!);
  assert.deepEqual(told('installation', 'suspend')[0]?.access, 'suspended');
  assert.deepEqual(told('installation', 'unsuspend')[0]?.access, 'granted');
  const [deleted] = told('installation', 'deleted');
  assert.equal(deleted?.access, 'removed');
  assert.ok(deleted?.repositories && deleted.repositories.length > 0);
  const [removed] = told('installation_repositories', 'removed');
  assert.equal(removed?.access, 'removed');
  assert.ok(removed?.repositories && removed.repositories.length > 0);
  assert.equal(told('installation_repositories', 'added')[0]?.access, 'granted');
});

test('a deployment tells its newest state, and no address but a web address', () => {
  const [payload] = payloads('deployment_status') as [{ deployment_status: object }];
  const stated = (change: object) =>
    only('deployment', 'deployment_status', {
      ...payload,
      deployment_status: { ...payload.deployment_status, ...change },
    }).facts;
  assert.equal(stated({ state: 'success', environment_url: 'https://a.example/x' }).url, 'https://a.example/x');
  assert.equal(stated({ environment_url: 'javascript:alert(1)', target_url: '' }).url, null);
  assert.throws(() => stated({ state: 'splendid' }), ForgeError);
});

test('every update names its repository, its sender and, but for what has no date of its own, a moment in UTC', () => {
  for (const event of Object.keys(COUNTS))
    for (const payload of payloads(event))
      for (const update of parseDelivery(event, payload).updates) {
        assert.equal(update.repositoryId, (payload.repository as { id: number }).id);
        assert.equal(update.actor?.id, (payload.sender as { id: number }).id);
        if (update.updatedAt === null)
          assert.ok(['check', 'rules', 'permission', 'hook-gone'].includes(update.kind), `${event} ${update.kind}`);
        else assert.match(update.updatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
      }
});

test('a labeled issue says which label was added and by whom', () => {
  const payload = payloads('issues').find(({ action }) => action === 'labeled');
  const update = only('issue', 'issues', payload);
  assert.equal(update.label?.change, 'added');
  assert.ok(update.facts.labels.includes(update.label?.name ?? ''));
  assert.equal(update.actor?.login, 'Codertocat');
});

test('a deleted and a transferred issue are gone from their repository', () => {
  const goneBy = (action: string) =>
    only(
      'issue',
      'issues',
      payloads('issues').find((one) => one.action === action),
    ).gone;
  assert.deepEqual([goneBy('deleted'), goneBy('transferred'), goneBy('opened')], ['deleted', 'transferred', null]);
});

test('a merged pull request is merged and has its merge commit, a closed one has none', () => {
  const closed = payloads('pull_request').find(({ action }) => action === 'closed') as { pull_request: object };
  const { facts } = only('pull-request', 'pull_request', closed);
  assert.deepEqual([facts.state, facts.mergeSHA], ['closed', null]);
  const merged = { ...closed.pull_request, merged_at: '2024-05-01T10:00:00Z', merge_commit_sha: 'c'.repeat(40) };
  const update = only('pull-request', 'pull_request', { ...closed, pull_request: merged });
  assert.deepEqual([update.facts.state, update.facts.mergeSHA], ['merged', 'c'.repeat(40)]);
});

test('a push that creates a ref has no before, one that deletes it has no SHA', () => {
  const created = only(
    'push',
    'push',
    payloads('push').find((one) => one.created === true),
  );
  const deleted = only(
    'push',
    'push',
    payloads('push').find((one) => one.deleted === true),
  );
  assert.deepEqual([created.before, deleted.sha], [null, null]);
  assert.match(created.sha ?? '', /^[0-9a-f]{40}$/);
});

test('a renamed repository tells its former name, a transferred one its former owner', () => {
  const previous = (action: string) =>
    only(
      'repository',
      'repository',
      payloads('repository').find((one) => one.action === action),
    ).previous;
  assert.deepEqual(previous('renamed'), { owner: null, name: 'Hello-World' });
  assert.deepEqual(previous('transferred'), { owner: 'octocat', name: null });
});

test('a resolved thread is named by the id that GraphQL knows, with the author of its first comment', () => {
  const update = only('thread', 'pull_request_review_thread', payloads('pull_request_review_thread')[0]);
  assert.match(update.threadId, /^PRRT_/);
  assert.ok(update.author !== null && update.path !== null);
});

test('a later status of the same context and commit is the same check, another context is another', () => {
  const [payload] = payloads('status') as [Record<string, unknown>];
  const id = (change: object) => only('check', 'status', { ...payload, ...change }).facts.id;
  assert.equal(id({ state: 'success', id: 1 }), id({ state: 'failure', id: 2 }));
  assert.notEqual(id({ context: 'a' }), id({ context: 'b' }));
  assert.ok(id({}) < 0);
});

test('a check run with a conclusion nobody knows is Malformed, never a success', () => {
  const payload = payloads('check_run').find((one) => (one.check_run as { status: string }).status === 'completed');
  const run = { ...(payload?.check_run as object), conclusion: 'splendid' };
  assert.throws(
    () => parseDelivery('check_run', { ...payload, check_run: run }),
    (error: unknown) => error instanceof ForgeError && error.code === 'Malformed',
  );
});

test('NUL and lone surrogates in a title are replaced, a body is cut at 262,144 characters', () => {
  const [payload] = payloads('issues') as [{ issue: object }];
  const issue = { ...payload.issue, title: 'a\0b\ud800', body: 'x'.repeat(300_000) };
  const { facts } = only('issue', 'issues', { ...payload, issue });
  assert.equal(facts.title, 'a\ufffdb\ufffd');
  assert.equal(facts.body.length, 262_144);
});

test('an account whose name could say something else in a text is nobody who sends, and Malformed as an author', () => {
  const [payload] = payloads('issues') as [{ issue: { user: object }; sender: object }];
  for (const login of ['a b', 'a\nb', '**a**', '@all', 'a\u202eb', '', 'x'.repeat(200)]) {
    const sent = { ...payload, sender: { ...payload.sender, login } };
    assert.equal(only('issue', 'issues', sent).actor, null, login);
    const written = { ...payload, issue: { ...payload.issue, user: { ...payload.issue.user, login } } };
    assert.throws(() => parseDelivery('issues', written), ForgeError, login);
  }
});

test('an issue whose number no table holds is Malformed', () => {
  const [payload] = payloads('issues') as [{ issue: object }];
  for (const number of [2 ** 31, -1, 1.5, '7a'])
    assert.throws(
      () => parseDelivery('issues', { ...payload, issue: { ...payload.issue, number } }),
      (error: unknown) => error instanceof ForgeError && error.code === 'Malformed',
    );
});

const known = Object.keys(COUNTS);
const anyPayload = fc
  .constantFrom(...known)
  .chain((event) => fc.record({ event: fc.constant(event), payload: fc.constantFrom(...payloads(event)) }));

/** Replaces what `path` walks to, wrapping around the keys that are there. */
function mutate(value: unknown, path: number[], replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return replacement;
  const keys = Object.keys(value);
  const key = keys[step % keys.length];
  if (key === undefined) return replacement;
  const child = mutate((value as Record<string, unknown>)[key], rest, replacement);
  return Array.isArray(value) ? value.map((item, i) => (String(i) === key ? child : item)) : { ...value, [key]: child };
}

test('a payload mutated anywhere is read, ignored or refused as Malformed, and nothing else is thrown', () => {
  const path = fc.array(fc.nat(200), { minLength: 1, maxLength: 5 });
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(undefined, Number.NaN, -1, 2 ** 53, '__proto__', '\0', 'x'.repeat(2000)),
  );
  const mutations = fc.array(fc.record({ path, odd }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(anyPayload, mutations, ({ event, payload }, changes) => {
      const mutated = changes.reduce<unknown>((at, change) => mutate(at, change.path, change.odd), payload);
      try {
        const { updates, installation, ignored } = parseDelivery(event, mutated);
        assert.equal(updates.length === 0 && installation === null, ignored !== null);
        for (const update of updates) assert.ok(Number.isSafeInteger(update.repositoryId));
      } catch (error) {
        assert.ok(error instanceof ForgeError && error.code === 'Malformed', String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

test('anything at all as event and body is read, ignored or refused as Malformed', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom(...known, 'constructor', '__proto__')),
      fc.anything(),
      (event, body) => {
        try {
          parseDelivery(event, body);
        } catch (error) {
          assert.ok(error instanceof ForgeError && error.code === 'Malformed', String(error));
        }
      },
    ),
  );
});

test('a push tells the files of the root folder that it changed; one that is forced, new or of too many commits tells none', () => {
  const base = payloads('push')[0]!;
  const told = (over: object) => only('push', 'push', { ...base, forced: false, created: false, ...over }).topFiles;
  const commit = { added: ['a.txt', 'src/b.txt', 7], removed: ['.rig-agent.yaml'], modified: ['a.txt', null] };
  assert.deepEqual(told({ commits: [commit, null, { added: 'no list', modified: ['c.txt'] }] }), [
    'a.txt',
    '.rig-agent.yaml',
    'c.txt',
  ]);
  assert.deepEqual(told({ commits: [] }), []);
  for (const over of [
    { forced: true },
    { created: true },
    { commits: 'no list' },
    { commits: Array(2_048).fill(commit) },
  ])
    assert.equal(told({ commits: [commit], ...over }), null);
});
