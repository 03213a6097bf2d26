// One round of one seed, small: whether the suite itself works, and the product under one fault of each class.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from './chaos.ts';
import { FAULT_CLASSES } from './schedule/fault.ts';

/** Many times what it takes: a busy machine is no defect. */
const PATIENCE_MS = 400_000;

test('one fault of each class, and every issue is merged once or awaits a person, with nothing lost and nothing done twice', async (t) => {
  const said: string[] = [];
  const { rounds, replay } = await runChaos({
    seed: 'small',
    rounds: [1],
    issues: 3,
    faults: FAULT_CLASSES.length,
    patienceMs: PATIENCE_MS,
    keep: false,
    signal: t.signal,
    say: (line) => said.push(line),
  });
  const [round] = rounds;
  assert.deepEqual(round?.violations, [], said.join('\n'));
  assert.deepEqual(round?.faults.map((fault) => fault.class).sort(), [...FAULT_CLASSES].sort());
  assert.equal(round!.merged + round!.awaitingHuman, 3);
  assert.equal(replay.differs, false, replay.said);
});
