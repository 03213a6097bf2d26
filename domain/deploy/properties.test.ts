import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { known, unknown } from '../facts.ts';
import { live, merged, stage } from '../testing/delivery.ts';
import { sha } from '../testing/facts.ts';
import type { Story } from '../testing/story.ts';
import { CHECKS } from './state.ts';

type Turn = (story: Story) => void;

const mostly = fc.constantFrom(true, true, true, true, false);
const revisions = fc.record({
  revision: fc.constantFrom(sha('e'), sha('1'), sha('2')),
  contains: mostly,
  deployment: fc.constantFrom('deployment 1', 'deployment 2'),
  url: fc.constantFrom('https://shop.example.org/', 'https://shop.example.org/', null),
});
const failures = fc.record({
  revision: fc.constant(sha('e')),
  deployment: fc.constantFrom('deployment 1', 'deployment 2'),
  message: fc.constant('It broke.'),
});
const shown: fc.Arbitrary<Turn> = fc
  .record({ live: fc.option(revisions.map(live)), failed: fc.option(failures, { freq: 1 }) })
  .map((over) => (story) => void story.see({ delivery: known({ staging: null, production: stage(over) }, story.now) }));
const unreadable: fc.Arbitrary<Turn> = fc.constant((story) => void story.see({ delivery: unknown('No answer.') }));
const later: fc.Arbitrary<Turn> = fc
  .constantFrom(10_000, 60_000, 3_600_000)
  .map((ms) => (story) => void story.later(ms));
/** The Job that the rules ask for ends, or is only begun. */
const job: fc.Arbitrary<Turn> = fc
  .record({ passed: mostly, infrastructure: fc.boolean(), over: mostly })
  .map(({ over, ...end }) => (story) => {
    const action = story.next();
    if (action.do !== 'verify') return;
    const ended = over ? { ...end, infrastructure: end.infrastructure && !end.passed, message: 'So it is.' } : null;
    story.see({ checks: new Map([...story.world.checks, [action.job, { ended, problem: null }]]) });
  });

/** What the log says of each command since the change went live last. */
function proven(story: Story): boolean {
  const from = story.types().lastIndexOf('DEPLOYED_PRODUCTION');
  const told = story.types(from + 1);
  return CHECKS.every((check) => told.includes(`${check.toUpperCase() as Uppercase<typeof check>}_PASSED`));
}

test('whatever is told in whatever order: done is only what is live with the change in it and has passed every command', () => {
  let done = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 6, arbitrary: job }, { weight: 2, arbitrary: shown }, unreadable, later), {
        minLength: 8,
        maxLength: 25,
      }),
      (turns) => {
        const story = merged({ checks: CHECKS });
        for (const turn of turns) {
          turn(story);
          story.run();
          if (story.state.ending === null) continue;
          done += 1;
          const { delivery } = story.world;
          assert.equal(story.state.ending.kind, 'Done');
          assert.ok(delivery.known && delivery.value.production.live?.contains === true);
          assert.ok(proven(story), story.types().join());
          break;
        }
      },
    ),
    { numRuns: 400 },
  );
  assert.ok(done > 0, 'no story came to its end');
});

test('every wait after a merge says why, and ends by time or by something that is told', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(job, shown, unreadable, later), { maxLength: 15 }), (turns) => {
      const story = merged({ checks: ['smoke'], onFailure: 'await-human' });
      for (const turn of turns) {
        turn(story);
        const action = story.run();
        assert.ok(action.message.length > 0);
        if (action.do === 'wait' && story.state.ending === null) assert.ok(action.until !== null, action.reason);
      }
    }),
    { numRuns: 200 },
  );
});
