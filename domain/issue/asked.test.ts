import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from '../facts.ts';
import { NOON } from '../testing/facts.ts';
import { budget, production, quiet } from '../testing/slo.ts';
import { inReview, type Story } from '../testing/story.ts';
import { repositoryPolicy } from '../testing/world.ts';
import { consentsToMerge } from './tier-row.ts';

const slo = {
  kind: 'prometheus',
  levels: [{ name: 'latency', min: null, max: 0.5 }],
  budgets: [budget],
  canary: true,
} as const;
const latency = (value: number) => production({ levels: { latency: { known: true, value } } });

/** A change of T1 that is reviewed and tested, in a Repository that asks production. */
function ready(): Story {
  const story = inReview().see({ repository: known(repositoryPolicy({ slo }), NOON) });
  return story.later(1_000).verdict(true);
}
const told = (story: Story) => story.types().filter((type) => type === 'MERGE_GATE_WAITING').length;

test('production that has not answered yet is waited for, and nobody is told of that', () => {
  const story = ready().see({ slo: unknown('Production is being asked.') });
  const last = story.run();
  assert.deepEqual([last.do, last.reason, last.message], ['wait', 'FactUnknown', 'Production is being asked.']);
  assert.equal(told(story), 0);
});

test('a level that is broken keeps a change of T1 from being merged, is told once, and merges it when it holds again', () => {
  const story = ready();
  story.see({ slo: known(latency(0.7), story.now) });
  assert.equal(story.run().reason, 'SloBreached');
  story.later(10_000).see({ slo: unknown('Production is being asked.') });
  story.run();
  story.see({ slo: known(latency(0.8), story.now) });
  assert.equal(story.run().reason, 'SloBreached');
  assert.equal(told(story), 1);
  assert.equal(story.state.merged, null);
  story.see({ slo: known(quiet, story.now) });
  story.run();
  assert.notEqual(story.state.merged, null);
});

test('a query without an answer is told with its reason, and never read as good', () => {
  const story = ready();
  const dark = { known: false, problem: 'NoData', message: 'there is no data.' } as const;
  story.see({ slo: known(production({ levels: { latency: dark } }), story.now) });
  const last = story.run();
  assert.deepEqual([last.reason, told(story), story.state.merged], ['SloUnknown', 1, null]);
  assert.match(last.message, /^The query latency gives no number: there is no data\.$/);
});

test('a policy whose T1 asks nothing of production merges without asking', () => {
  const T1 = { dispatch: 'agent', gates: [] } as const;
  const none = { dispatch: 'agent', gates: [] } as const;
  const T3 = { dispatch: 'human', gates: ['mergeApproval'] } as const;
  const story = ready().see({ terms: { T0: none, T1, T2: none, T3 } as never });
  story.run();
  assert.notEqual(story.state.merged, null);
});

test('a policy whose T1 asks for two attestors waits for both, by name', () => {
  const T1 = { dispatch: 'agent', gates: ['attestors'] } as const;
  const story = ready().see({ terms: { T1 } as never });
  const people = story.run();
  assert.equal(people.reason, 'AttestorMissing');
  assert.match(
    people.message,
    /^0 of 1 listed people vouch for it: one runs `rig approve fix-parser --scope interface`/,
  );
  story.see({ terms: { T1: { ...T1, attestors: { humans: 0, machines: 1 } } } as never });
  assert.deepEqual([story.run().reason, story.state.merged], ['FactUnknown', null]);
  const ci = { subject: 'https://ci.example.com/attest.yml@refs/heads/main', issuer: 'https://ci.example.com' };
  const { headSHA } = story.state.pullRequest!;
  story.see({ machineAttestors: known({ headSHA, vouching: [], refused: null }, story.now) });
  assert.match(story.run().message, /^0 of 1 listed machines signed for .{8}; the workflow that attests has to run\.$/);
  const waits = story.run();
  assert.deepEqual(waits.do === 'wait' ? waits.until : null, story.now + 20_000, 'no forge tells that somebody signed');
  story.see({ machineAttestors: known({ headSHA, vouching: [ci], refused: null }, story.now) });
  story.run();
  assert.notEqual(story.state.merged, null);
});

test('everybody who vouches is asked for when it is merged, each once, and the policy needs no other gate for that', () => {
  const story = ready().see({
    terms: { T1: { dispatch: 'agent', gates: ['attestors'], attestors: { humans: 2, machines: 0 } } } as never,
  });
  const taken = () =>
    consentsToMerge(story.state, story.snapshot(), story.now)?.map(({ identity }) => identity.subject);
  story.approve('interface');
  assert.equal(story.run().reason, 'AttestorMissing');
  story
    .approve('merge', { subject: 'bea@example.com' })
    .approve('merge', { subject: 'eve@example.com', headSHA: 'e'.repeat(40) });
  assert.deepEqual(taken(), ['ada@example.com', 'bea@example.com']);
  story.run();
  assert.equal(story.types().filter((type) => type === 'APPROVAL_USED').length, 2);
});

test('a merge that takes an Approval which is not there takes none: it is not asked for', () => {
  const story = ready().see({ terms: { T1: { dispatch: 'agent', gates: ['mergeApproval'] } } as never });
  assert.equal(consentsToMerge(story.state, story.snapshot(), story.now), null);
});
