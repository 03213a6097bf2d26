import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModel, ModelError } from '#lib/llm';
import { replayApp } from './app.ts';
import { ReplayError, readReplay } from './file.ts';

const STEPS = `
steps:
  - name: look
    when: { kind: implement, toolCallsSoFar: 0 }
    answer:
      text: I look — first.
      toolUse: [{ name: read, input: { path: index.js, note: "${'é'.repeat(60)}" } }]
    usage: { input: 900, output: 30, cacheRead: 5, cacheWrite: 7 }
  - name: finish
    when: { kind: implement, lastTool: read, lastToolResultContains: [const a], notContains: [forbidden] }
    answer: { text: Done. }
`;
const app = replayApp({ replay: readReplay(STEPS, 'steps.yaml'), where: 'steps.yaml' });
const system = [{ type: 'text' as const, text: 'Task kind: implement\n\nRules.' }];
const start = { role: 'user' as const, content: 'Fix it.' };
const live = new AbortController().signal;
const model = createModel({
  baseURL: 'http://replay.test',
  apiKey: () => 'none',
  model: 'm',
  fetch: (async (url: string, init: RequestInit) => app.request(url, init)) as unknown as typeof fetch,
});

const afterRead = (result: string) => [
  start,
  { role: 'assistant' as const, content: [{ type: 'tool_use' as const, id: 't1', name: 'read', input: {} }] },
  { role: 'user' as const, content: [{ type: 'tool_result' as const, tool_use_id: 't1', content: result }] },
];

test('the SDK reads a streamed step with text, tool input and usage', async () => {
  const turn = await model.send({ system, tools: [], messages: [start] }, live);
  assert.equal(turn.content[0]?.type === 'text' && turn.content[0].text, 'I look — first.');
  assert.deepEqual(turn.content[1]?.type === 'tool_use' && turn.content[1].input, {
    path: 'index.js',
    note: 'é'.repeat(60),
  });
  assert.deepEqual(
    [turn.stopReason, turn.tokens],
    ['tool_use', { input: 900, output: 30, cacheRead: 5, cacheWrite: 7 }],
  );
});

test('a step is chosen by the last tool result, and equal requests get equal answers', async () => {
  const ask = () => model.send({ system, tools: [], messages: afterRead('const a = 1') }, live);
  const [first, second] = [await ask(), await ask()];
  assert.deepEqual(first, second);
  assert.equal(first.stopReason, 'end_turn');
});

test('a request no step fits is told as a replay run dry with kind and last message', async () => {
  await assert.rejects(
    model.send({ system, tools: [], messages: afterRead('forbidden const a') }, live),
    (error: unknown) => {
      assert.ok(error instanceof ModelError);
      assert.equal(error.code, 'ReplayDry');
      return /ran dry: no step of steps.yaml fits a task of kind implement after the result of read: "forbidden const a"/.test(
        error.message,
      );
    },
  );
});

test('without stream the whole message is answered', async () => {
  const body = JSON.stringify({ model: 'm', max_tokens: 9, system, messages: [start] });
  const response = await app.request('/v1/messages', { method: 'POST', body });
  const message = (await response.json()) as { type: string; usage: object };
  assert.equal(message.type, 'message');
  assert.equal((await app.request('/', { method: 'HEAD' })).status, 200);
});

test('what is no Messages request is refused in the shape of the API', async () => {
  const response = await app.request('/v1/messages', { method: 'POST', body: '{' });
  assert.equal(response.status, 400);
  assert.deepEqual(((await response.json()) as { error: { type: string } }).error.type, 'invalid_request_error');
});

test('a wrong replay file is refused in one sentence that says where', () => {
  const wrong = (text: string, sentence: RegExp) =>
    assert.throws(
      () => readReplay(text, 'x.yaml'),
      (error: unknown) => error instanceof ReplayError && sentence.test(error.message),
    );
  wrong('steps: [', /x\.yaml is not valid YAML/);
  wrong('steps: []', /wrong at \/steps: it must NOT have fewer than 1 items/);
  wrong(
    'steps: [{ name: a, when: { kin: b }, answer: {} }]',
    /wrong at \/steps\/0\/when: it must not have the key kin/,
  );
  wrong('steps: [{ name: a, when: {}, answer: {} }, { name: a, when: {}, answer: {} }]', /two steps named a/);
});
