import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeadVerdict } from '#domain';
import type { CheckReport, OwnCheck } from '#lib/forge';
import { Reporter } from './report.ts';

const at = { id: 7, name: { owner: 'acme', name: 'widgets' }, sha: 'a'.repeat(40) };
const verdict = (state: HeadVerdict['state'], title = `It is ${state}`): HeadVerdict => ({
  state,
  title,
  summary: 'Because.',
  until: null,
});
const still = () => {};

/** A forge with the runs of one App on one commit, and a reporter with a clock of its own. */
function setUp() {
  const runs: (OwnCheck & { state: CheckReport['state'] })[] = [];
  const calls = { read: 0, made: 0, replaced: 0 };
  let now = 0;
  const forge = {
    ownCheck: async () => {
      calls.read += 1;
      return runs.at(-1) ?? null;
    },
    reportCheck: async (_: unknown, { state, externalId }: CheckReport, replace?: number) => {
      const done = state !== 'in_progress';
      const run = {
        state,
        externalId,
        status: done ? 'completed' : 'in_progress',
        conclusion: done ? state : null,
      } as const;
      calls[replace === undefined ? 'made' : 'replaced'] += 1;
      if (replace === undefined) runs.push({ id: runs.length + 1, ...run });
      else runs[runs.findIndex(({ id }) => id === replace)] = { id: replace, ...run };
      return { id: runs.length };
    },
  };
  return { runs, calls, forge, reporter: new Reporter(() => now), later: (ms: number) => (now += ms) };
}

test('a verdict is written once, by whichever verifier', async () => {
  const { runs, calls, forge, reporter } = setUp();
  assert.deepEqual(await reporter.report(forge, at, verdict('success'), still), { state: 'success', written: true });
  assert.deepEqual(await reporter.report(forge, at, verdict('success'), still), { state: 'success', written: false });
  assert.equal((await new Reporter(() => 0).report(forge, at, verdict('success'), still)).written, false);
  assert.deepEqual([runs.length, calls], [1, { read: 2, made: 1, replaced: 0 }]);
});

test('a verdict that changed is a new run, and one that was running is concluded', async () => {
  const { runs, calls, forge, reporter } = setUp();
  await reporter.report(forge, at, verdict('unknown'), still);
  await reporter.report(forge, at, verdict('success'), still);
  await reporter.report(forge, at, verdict('action_required'), still);
  assert.deepEqual(
    runs.map(({ state }) => state),
    ['success', 'action_required'],
  );
  assert.deepEqual([calls.made, calls.replaced], [2, 1]);
});

test('what is not known any more fails a head that had a verdict, and says so once', async () => {
  const { runs, forge, reporter } = setUp();
  await reporter.report(forge, at, verdict('success'), still);
  assert.deepEqual(await reporter.report(forge, at, verdict('unknown'), still), { state: 'failure', written: true });
  assert.equal((await reporter.report(forge, at, verdict('unknown'), still)).written, false);
  assert.equal(runs.at(-1)?.conclusion, 'failure');
});

test('a verifier that does not lead any more writes nothing', async () => {
  const { runs, forge, reporter } = setUp();
  const gone = () => {
    throw new Error('another leads');
  };
  await assert.rejects(reporter.report(forge, at, verdict('success'), gone), /another leads/);
  assert.equal(runs.length, 0);
});

test('what a frozen verifier wrote over a head that is held back is found and set right', async () => {
  const { runs, forge, reporter, later } = setUp();
  await reporter.report(forge, at, verdict('action_required'), still);
  await new Reporter(() => 0).report(forge, at, verdict('success', 'An old success'), still);
  assert.equal((await reporter.report(forge, at, verdict('action_required'), still)).written, false);
  later(300_000);
  assert.equal((await reporter.report(forge, at, verdict('action_required'), still)).written, true);
  assert.equal(runs.at(-1)?.conclusion, 'action_required');
});

test('what a frozen verifier wrote over a head that is let through is found within an hour, so that it is not held back for good', async () => {
  const { runs, calls, forge, reporter, later } = setUp();
  await reporter.report(forge, at, verdict('success'), still);
  await new Reporter(() => 0).report(forge, at, verdict('failure'), still);
  later(3_599_999);
  const { read } = calls;
  assert.equal((await reporter.report(forge, at, verdict('success'), still)).written, false);
  assert.equal(calls.read, read);
  later(1);
  assert.equal((await reporter.report(forge, at, verdict('success'), still)).written, true);
  assert.equal(runs.at(-1)?.conclusion, 'success');
});

test('what stands on one head is looked at anew when somebody wants so, and that of no other', async () => {
  const { calls, forge, reporter } = setUp();
  await reporter.report(forge, at, verdict('success'), still);
  reporter.forget('another');
  await reporter.report(forge, at, verdict('success'), still);
  assert.equal(calls.read, 1);
  reporter.forget(at.sha);
  await reporter.report(forge, at, verdict('success'), still);
  assert.equal(calls.read, 2);
});

test('heads that are open no more are forgotten, and those of other repositories are not', async () => {
  const { calls, forge, reporter } = setUp();
  await reporter.report(forge, at, verdict('success'), still);
  reporter.keep(8, new Set());
  await reporter.report(forge, at, verdict('success'), still);
  assert.equal(calls.read, 1);
  reporter.keep(7, new Set());
  await reporter.report(forge, at, verdict('success'), still);
  assert.equal(calls.read, 2);
});
