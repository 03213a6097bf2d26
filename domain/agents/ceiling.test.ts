import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known, unknown } from '../facts.ts';
import type { Ceiling } from '../ledger/policy.ts';
import { Story } from '../testing/story.ts';
import { developer } from '../testing/world.ts';
import { authorWithin, withinCeiling } from './ceiling.ts';

const trusted = (ceiling: Ceiling | null) =>
  developer({ ceilings: known(new Map(ceiling === null ? [] : [['docs', ceiling]]), 1) });
const work = (tier: 'T0' | 'T1' | 'T2' | 'T3', taskClass = 'docs') => ({ tier, taskClass });

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

test('an author that is no Agent any more is trusted with nothing', () => {
  assert.equal(authorWithin(undefined, 'dev-e', work('T0'))?.fit, 'none');
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
