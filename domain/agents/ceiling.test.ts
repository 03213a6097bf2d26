import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DomainEvent } from '../events/catalogue.ts';
import { known, unknown } from '../facts.ts';
import { gateOf } from '../issue/merging.ts';
import type { Ceiling } from '../ledger/policy.ts';
import { inReview, Story } from '../testing/story.ts';
import { changeGrade, developer } from '../testing/world.ts';
import { authorWithin, withinCeiling } from './ceiling.ts';

const trusted = (ceiling: Ceiling | null) =>
  developer({ ceilings: known(new Map(ceiling === null ? [] : [['docs', ceiling]]), 1) });
const work = (tier: 'T0' | 'T1' | 'T2' | 'T3', taskClass = 'docs') => ({ tier, taskClass, issue: 'docs-1' });

test('an Agent is given work up to its ceiling in that class, and T3 never', () => {
  assert.equal(withinCeiling([trusted('T1')], work('T1')).fit, 'agents');
  assert.equal(withinCeiling([trusted('T1')], work('T2')).fit, 'none');
  assert.equal(withinCeiling([trusted('T2')], work('T3')).fit, 'none');
  assert.equal(withinCeiling([trusted('T2')], work('T1', 'bugfix')).fit, 'none');
  assert.equal(withinCeiling([trusted(null)], work('T0')).fit, 'agents');
});

test('what is not known of a ceiling is never taken for trust, and one Agent that is trusted is enough', () => {
  const lost = developer({ ceilings: unknown('It was not read.') });
  assert.equal(withinCeiling([lost], work('T0')).fit, 'unknown');
  const found = withinCeiling([lost, trusted('T1')], work('T1'));
  assert.equal(found.fit === 'agents' && found.candidates.length, 1);
});

test('where no ceiling holds every tier is given out', () => {
  assert.equal(withinCeiling([developer()], work('T2')).fit, 'agents');
  assert.equal(authorWithin(developer(), 'dev-e', work('T2')), null);
});

test('a change is worth no more than each model that answered for it, and one that nobody can name is worth nothing', () => {
  const ceilings = known(new Map<string, Ceiling>([['docs', 'T2']]), 1);
  const models = {
    now: ['model-1'],
    trusted: new Map<string, Ceiling>([
      ['docs/model-1', 'T2'],
      ['docs/model-2', 'T1'],
    ]),
  };
  const author = developer({ ceilings, models });
  const fit = (...answered: string[]) => authorWithin(author, 'dev-e', work('T2'), answered)?.fit ?? 'agents';
  assert.deepEqual([fit(), fit('model-1'), fit('model-1', 'model-2')], ['agents', 'agents', 'none']);
  assert.deepEqual([fit('model-3'), fit('unknown')], ['none', 'none']);
  assert.equal(authorWithin(author, 'dev-e', work('T1'), ['model-2']), null);
  const untold = developer({ ceilings });
  assert.equal(authorWithin(untold, 'dev-e', work('T1'), ['model-1'])?.fit, 'unknown');
  const said = authorWithin(author, 'dev-e', work('T2'), ['model-1', 'model-2']);
  assert.match(said?.message ?? '', /rig trust grant dev-e docs T2 --model model-2 says/);
  assert.doesNotMatch(authorWithin(author, 'dev-e', work('T2'), ['unknown'])?.message ?? '', /rig trust grant/);
});

test('the merge gate holds a change to every model that answered for it, as its log tells', () => {
  const story = inReview();
  const change = known(changeGrade(story.state), 1);
  const ceilings = known(new Map<string, Ceiling>([['bugfix', 'T1']]), 1);
  const trustedWith = (trusted: ReadonlyMap<string, Ceiling>) => {
    const models = { now: ['model-1'], trusted };
    story.see({ change, agents: story.world.agents.map((agent) => ({ ...agent, ceilings, models })) });
    story.run();
    const { results } = gateOf(story.state, story.world, story.policy, story.now);
    return results.find(({ gate }) => gate === 'tier')?.reason;
  };
  const used = (model: string, kind: 'implement' | 'review' = 'implement'): DomainEvent => {
    const tokens = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };
    const spent = { agent: 'dev-e', model, provider: 'p', tokens, requests: 1 };
    return { type: 'TOKENS_USED', data: { task: 'task', kind, fence: '1.1', ...spent } };
  };
  const first = new Map<string, Ceiling>([['bugfix/model-1', 'T1']]);
  story.append([used('model-1'), used('model-3', 'review')]);
  assert.equal(trustedWith(first), 'Passed');
  story.append([used('model-2'), used('model-1')]);
  assert.deepEqual(story.state.models, ['model-1', 'model-2']);
  assert.equal(trustedWith(first), 'CeilingTooLow');
  assert.equal(trustedWith(new Map([...first, ['bugfix/model-2', 'T1']])), 'Passed');
});

test('an author that is no Agent any more is trusted with nothing', () => {
  const alone = authorWithin(undefined, 'dev-e', work('T0'));
  assert.equal(alone?.fit, 'none');
  assert.match(alone?.message ?? '', /rig approve docs-1 --scope dispatch lets this one through/);
});

test('an issue above every ceiling asks a person and names the command that helps, and goes on once somebody is trusted with it', () => {
  const story = new Story();
  const agents = story.world.agents.map((agent) => ({ ...agent, ceilings: known(new Map<string, Ceiling>(), 1) }));
  story.see({ agents });
  story.wish();
  story.run();
  const { awaiting, classified } = story.state;
  assert.equal(awaiting?.reason, 'CeilingTooLow');
  assert.match(
    awaiting?.message ?? '',
    new RegExp(`rig trust grant dev-e ${classified?.taskClass} ${classified?.tier}`),
  );
  const ceilings = known(new Map<string, Ceiling>([[classified!.taskClass, 'T2']]), 1);
  story.see({ agents: agents.map((agent) => ({ ...agent, ceilings })) });
  story.run();
  assert.equal(story.state.awaiting, null);
  assert.ok(story.types().includes('HUMAN_GATE_CLEARED'));
});
