import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { ModelError } from '#lib/llm';
import { lastReplies, scriptedModel } from '../double/model.ts';
import { Stop, TaskFailure } from '../failure.ts';
import { type Answer, type Tool, Toolbox } from '../tools/index.ts';
import { type Judgement, type LoopDeps, Meter, runLoop } from './index.ts';

const tool = (name: string, run: (input: unknown) => Answer): Tool => ({
  name,
  description: name,
  schema: Type.Object({ value: Type.Optional(Type.String()) }, { additionalProperties: false }),
  run: async (input) => run(input),
});
let written = 0;
const TOOLS = new Toolbox([
  tool('look', () => ({ text: 'the same' })),
  tool('write', () => ({ text: `wrote ${++written}` })),
  tool('ask', () => ({ text: '', ending: { kind: 'ask', question: 'Why?' } })),
]);
const ASK = { calls: [['ask', {}]] } as const;

function loop(script: Parameters<typeof scriptedModel>[0], more: Partial<LoopDeps> = {}) {
  const model = scriptedModel(script);
  const pauses: number[] = [];
  const end = runLoop({
    model,
    signal: new AbortController().signal,
    deadline: () => 1_000_000,
    now: () => 0,
    sleep: async (ms) => void pauses.push(ms),
    random: () => 0,
    system: [],
    first: 'Do it.',
    toolbox: TOOLS,
    meter: new Meter({ turns: 30, tokens: 10_000 }),
    contentDigest: async () => 'content',
    judge: async () => ({ accepted: true }),
    ...more,
  });
  return { end, model, pauses };
}

const failed = (reason: string) => (error: unknown) => error instanceof TaskFailure && error.reason === reason;

test('an accepted ending ends the loop and later calls of the same answer do not run', async () => {
  let ran = 0;
  const toolbox = new Toolbox([
    tool('ask', () => ({ text: '', ending: { kind: 'ask', question: 'Why?' } })),
    tool('write', () => ({ text: String(++ran) })),
  ]);
  const { end } = loop(
    [
      {
        calls: [
          ['ask', {}],
          ['write', {}],
        ],
      },
    ],
    { toolbox },
  );
  assert.deepEqual(await end, { kind: 'ended', ending: { kind: 'ask', question: 'Why?' } });
  assert.equal(ran, 0);
});

test('an ending that is not accepted goes back to the model with its answer', async () => {
  const judgements: Judgement[] = [
    { accepted: false, answer: { text: 'The tests fail.', isError: true } },
    { accepted: true },
  ];
  const { end, model } = loop([ASK], { judge: async () => judgements.shift() as Judgement });
  await end;
  assert.deepEqual(lastReplies(model.requests[1]), ['The tests fail.']);
});

test('an unknown tool and input that does not fit are answered and not run', async () => {
  const { end, model } = loop([
    {
      calls: [
        ['rm', {}],
        ['write', { path: 1 }],
      ],
    },
    ASK,
  ]);
  await end;
  const [unknown, unfit] = lastReplies(model.requests[1]);
  assert.match(unknown ?? '', /There is no tool rm; there are look, write, ask/);
  assert.match(unfit ?? '', /input of write is wrong at \//);
});

test('an answer cut off at its length limit: its last call does not run', async () => {
  const before = written;
  const { end, model } = loop([
    {
      calls: [
        ['write', {}],
        ['write', {}],
      ],
      stop: 'max_tokens',
    },
    ASK,
  ]);
  await end;
  assert.equal(written, before + 1);
  assert.match(lastReplies(model.requests[1])[1] ?? '', /cut off/);
});

test('an answer without a call is asked to go on', async () => {
  const { end, model } = loop([{ text: 'I think.' }, ASK]);
  await end;
  assert.match(lastReplies(model.requests[1])[0] ?? '', /Go on with a tool/);
});

test('doing the same again and again: a nudge with the evidence, then stuck', async () => {
  const { end, model } = loop([{ calls: [['look', {}]] }]);
  const ended = await end;
  assert.equal(ended.kind, 'stuck');
  const nudges = model.requests.flatMap(lastReplies).filter((text) => text.startsWith('You seem to be stuck'));
  assert.equal(nudges.length, 1);
});

test('turns and tokens are capped', async () => {
  const write = { calls: [['write', {}]] } as const;
  await assert.rejects(loop([write], { meter: new Meter({ turns: 3, tokens: 10_000 }) }).end, failed('TurnsExhausted'));
  await assert.rejects(loop([write], { meter: new Meter({ turns: 99, tokens: 30 }) }).end, failed('TokensExhausted'));
});

test('an overloaded model is asked again after what it wants, and the work goes on', async () => {
  let asked = 0;
  const busy = () => {
    if (++asked < 3) throw new ModelError('Overloaded', 'busy', { retryAfterMs: 7_000 });
    return ASK;
  };
  const { end, pauses } = loop([busy, busy, busy]);
  await end;
  assert.deepEqual(pauses, [7_000, 7_000]);
});

test('a model that stays away past the deadline ends with ModelUnavailable', async () => {
  const away = () => {
    throw new ModelError('Unavailable', 'no answer');
  };
  await assert.rejects(loop([away], { deadline: () => 600 }).end, failed('ModelUnavailable'));
  await assert.rejects(loop([away]).end, failed('ModelUnavailable'));
});

test('a used-up budget, a dead fence, a dry replay and a refusal each have their own end', async () => {
  const raise = (code: ModelError['code']) => () => {
    throw new ModelError(code, 'said so.');
  };
  assert.equal((await loop([raise('BudgetExceeded')]).end).kind, 'budget');
  const isStop = (error: unknown) => error instanceof Stop && error.code === 'DeadFence';
  await assert.rejects(loop([raise('DeadFence')]).end, isStop);
  await assert.rejects(loop([raise('Unauthenticated')]).end, isStop);
  await assert.rejects(loop([raise('ReplayDry')]).end, failed('ReplayDry'));
  await assert.rejects(loop([raise('Refused')]).end, failed('ModelRefused'));
  await assert.rejects(loop([{ stop: 'refusal' }]).end, failed('ModelRefused'));
});

test('the first and the last message end a cached prefix, the ones between do not', async () => {
  const { end, model } = loop([{ calls: [['write', {}]] }, { calls: [['write', {}]] }, ASK]);
  await end;
  const marks = model.requests[2]?.messages.map((message) => JSON.stringify(message).includes('cache_control'));
  assert.deepEqual(marks, [true, false, false, false, true]);
});
