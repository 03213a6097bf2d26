import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { KubeClient } from '#lib/kube';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { FakeClock } from '../../lib/kube/fake-clock.ts';
import { type IntakeWorld, openIntake, repositoryOf } from './intake.int-kit.ts';

type Payload = Record<string, unknown> & { repository?: { id: number; full_name: string } };

const all = createRequire(import.meta.url)('@octokit/webhooks-examples') as { name: string; examples: Payload[] }[];
const corpus = all.flatMap(({ name, examples }) => examples.map((payload) => ({ event: name, payload })));
const repositories = [
  ...new Map(corpus.flatMap(({ payload }) => payload.repository ?? []).map((one) => [one.id, one])).values(),
];
const followed = new Set(repositories.map(({ id }) => id));

const open = (t: TestContext) =>
  openIntake(t, {
    client: new FakeClient(new FakeClock()) as unknown as KubeClient,
    repositories: repositories.map(({ id, full_name }) => repositoryOf(id, full_name)),
  });

/** What intake has to answer to these bytes, worked out without it. */
function expected(body: string | Uint8Array): number {
  let payload: Payload | null;
  try {
    payload = JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString('utf8'));
  } catch {
    return 400;
  }
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return 400;
  const { repository } = payload;
  if (repository === undefined || repository === null) return 202;
  if (!Number.isSafeInteger(repository.id) || typeof repository.full_name !== 'string') return 400;
  return followed.has(repository.id) ? 202 : 404;
}

let sent = 0;

/** Sends it, and after every run there is either an answer that says why not, or a delivery that ends with a sentence. */
async function sendOne(world: IntakeWorld, event: string, body: string | Uint8Array): Promise<void> {
  const id = `fuzz-${++sent}`;
  const answer = await world.send(event, body, { id });
  assert.equal(answer.status, expected(body), `${id}: ${await answer.text()}`);
}

async function checkOutcomes(world: IntakeWorld): Promise<void> {
  await world.settle();
  const { rows } = await world.pool.query('SELECT id, event, outcome, detail, attempts FROM deliveries');
  for (const { id, event, outcome, detail, attempts } of rows) {
    const told = `${event} ${id} ${outcome}: ${detail}`;
    assert.match(detail, /^[A-Z].*\.$/s, told);
    if (outcome === 'failed') assert.match(detail, /nothing was taken/, told);
    assert.equal(attempts, 1, told);
  }
}

const strange = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  1e300,
  '',
  '\0',
  '\ud800',
  '\u202e',
  '__proto__',
  'x'.repeat(65_536),
  "'; DROP TABLE deliveries; --",
  [],
  {},
  '9'.repeat(400),
  '0000-00-00T00:00:00Z',
  '2026-01-01T00:00:00Z',
  'a'.repeat(40),
);
const deep = fc.integer({ min: 1, max: 2_000 }).map((depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`);
const example = fc.constantFrom(...corpus);

/** Replaces what `path` walks to, wrapping around the keys that are there. */
function replaced(value: unknown, [step, ...rest]: number[], by: unknown): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return by;
  const entries = Object.entries(value);
  const at = step % Math.max(1, entries.length);
  const changed = entries.map(([key, child], i) => [key, i === at ? replaced(child, rest, by) : child]);
  return Array.isArray(value) ? changed.map(([, child]) => child) : Object.fromEntries(changed);
}

test('payloads whose values are replaced anywhere by others of any type: the answer is the one that follows from the bytes, and each ends with a sentence', async (t) => {
  const world = await open(t);
  const path = fc.array(fc.nat(40), { minLength: 1, maxLength: 6 });
  const changes = fc.array(fc.tuple(path, fc.oneof(strange, fc.jsonValue())), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(example, changes, async ({ event, payload }, list) => {
      const mutated = list.reduce<unknown>((at, [where, by]) => replaced(at, where, by), payload);
      await sendOne(world, event, JSON.stringify(mutated));
    }),
    { numRuns: 300 },
  );
  await checkOutcomes(world);
});

test('payloads whose text is cut, flipped, doubled, nested and grown: the answer is the one that follows from the bytes, and each ends with a sentence', async (t) => {
  const world = await open(t);
  const spot = fc.double({ min: 0, max: 1, noNaN: true });
  const graft = fc.oneof(
    deep,
    fc.constantFrom(
      '"__proto__":{"repository":{"id":1}},',
      '"repository":null,',
      '"action":"labeled",',
      '\\ud800',
      '\\u0000',
    ),
    fc.constantFrom(
      '"constructor":{"prototype":1},',
      `"body":"${'y'.repeat(65_536)}",`,
      '\ufeff',
      '1e999',
      '"sender":[]',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const edit = fc.record({ spot, graft, how: fc.constantFrom('insert', 'after brace', 'cut', 'flip') });
  await fc.assert(
    fc.asyncProperty(example, fc.array(edit, { minLength: 1, maxLength: 3 }), async ({ event, payload }, edits) => {
      const body = edits.reduce<Buffer>(edited, Buffer.from(JSON.stringify(payload)));
      await sendOne(world, event, body);
    }),
    { numRuns: 250 },
  );
  await checkOutcomes(world);
});

function edited(body: Buffer, { spot, graft, how }: { spot: number; graft: string; how: string }): Buffer {
  const at = Math.floor(spot * body.length);
  const brace = body.indexOf('{', at) + 1;
  const rest = (from: number, insert: string) =>
    Buffer.concat([body.subarray(0, from), Buffer.from(insert), body.subarray(from)]);
  switch (how) {
    case 'insert':
      return rest(at, graft);
    case 'after brace':
      return rest(brace, graft);
    case 'cut':
      return body.subarray(0, at);
    default: {
      const flipped = Buffer.from(body);
      if (flipped.length > 0) flipped[Math.min(at, flipped.length - 1)]! ^= 1 << (graft.length % 8);
      return flipped;
    }
  }
}

test('anything at all, signed: refused or stored by what it is', async (t) => {
  const world = await open(t);
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json(),
    deep,
    fc
      .record({ repository: fc.oneof(strange, fc.constantFrom(...repositories)), action: strange })
      .map((one) => JSON.stringify(one)),
  );
  const events = fc.constantFrom(...all.map(({ name }) => name), 'constructor', 'splendid');
  await fc.assert(
    fc.asyncProperty(events, anything, (event, body) => sendOne(world, event, body)),
    { numRuns: 300 },
  );
  await checkOutcomes(world);
});
