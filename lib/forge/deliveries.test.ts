import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { deliveries, effects, ruleOf } from './deliveries.ts';
import { HOOK_EVENTS } from './webhook.ts';

interface Operation {
  readonly 'x-github': { readonly subcategory: string; readonly 'supported-webhook-types': readonly string[] };
  readonly requestBody: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
}
interface Schema {
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: { readonly action?: Schema };
}
interface Document {
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const load = createRequire(import.meta.url);
const document = load('@octokit/openapi-webhooks/generated/api.github.com.json') as Document;
const examples = load('@octokit/webhooks-examples') as { name: string; examples: { action?: string }[] }[];

function resolve(schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : resolve(document.components.schemas[name]!);
}

/** Of one webhook of the schema; `-` where the payload has no action. */
function actionsOf(name: string, schema: Schema): string[] {
  const whole = resolve(schema);
  if (whole.oneOf) return whole.oneOf.flatMap((one) => actionsOf(name, one));
  const action = whole.properties?.action;
  if (action === undefined) return ['-'];
  // A dispatch says whatever its sender wrote down; the schema's name has the sample.
  return [...(action.enum ?? [name.replace('repository-dispatch-', '')])];
}

const schema = new Map<string, Set<string>>();
const ofRepositories = new Set<string>();
for (const [name, { post }] of Object.entries(document.webhooks)) {
  const event = post['x-github'].subcategory.replaceAll('-', '_');
  const actions = schema.get(event) ?? new Set();
  for (const action of actionsOf(name, post.requestBody.content['application/json'].schema)) actions.add(action);
  schema.set(event, actions);
  if (post['x-github']['supported-webhook-types'].includes('repository')) ofRepositories.add(event);
}

const listed = (event: string) =>
  Object.keys(deliveries[event] ?? {})
    .flatMap((actions) => actions.split(' '))
    .filter((action) => action !== '*')
    .sort();

test('the schema knows all 58 events that have examples, and more', () => {
  assert.equal(examples.length, 58);
  for (const { name } of examples) assert.ok(schema.has(name), name);
  assert.ok(schema.size >= 75, `${schema.size} events`);
});

test("the table has every event of GitHub's schema, and no other", () => {
  assert.deepEqual(Object.keys(deliveries).sort(), [...schema.keys()].sort());
});

for (const [event, actions] of schema)
  test(`the table has every action of ${event} that GitHub's schema knows, and no other`, () => {
    assert.deepEqual(listed(event), [...actions].sort());
  });

test('every rule has effects of the closed set or one sentence why nothing follows, and every effect is used', () => {
  const used = new Set<string>();
  for (const [event, rules] of Object.entries(deliveries))
    for (const rule of Object.values(rules))
      if (typeof rule === 'string') assert.match(rule, /^[A-Z].*\.$/, event);
      else for (const effect of rule) used.add(effect);
  assert.deepEqual([...used].sort(), Object.keys(effects).sort());
});

test('an event and an action that nobody has heard of are ignored with a sentence that names them, whatever they are', () => {
  for (const [event, action] of [
    ['splendid', null],
    ['constructor', '__proto__'],
    ['issue_comment', 'splendid'],
    ['issue_comment', '__proto__'],
    ['issue_comment', null],
  ] as const) {
    const rule = ruleOf(event, action);
    assert.ok(typeof rule === 'string' && rule.includes(event), `${event} ${action}`);
    assert.match(rule, /^No rule looks at .*\.$/);
  }
});

test('a new action of an event whose payload holds facts is applied as the others are, never as one that asks for something', () => {
  for (const event of ['issues', 'pull_request', 'pull_request_review', 'check_run', 'repository'])
    assert.ok(Array.isArray(ruleOf(event, 'splendid')), event);
  assert.deepEqual(ruleOf('issues', 'splendid'), ['issue']);
  assert.equal(typeof ruleOf('issue_comment', 'splendid'), 'string');
});

test("a hook subscribes to events that a repository's webhook can have, each once", () => {
  for (const event of HOOK_EVENTS) assert.ok(ofRepositories.has(event), event);
  assert.equal(new Set(HOOK_EVENTS).size, HOOK_EVENTS.length);
  for (const event of ['issues', 'issue_comment', 'push', 'pull_request', 'check_run', 'status', 'repository_ruleset'])
    assert.ok(HOOK_EVENTS.includes(event), event);
});
