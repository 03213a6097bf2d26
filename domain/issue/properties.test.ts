import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reasons } from '#crds';
import { known, unknown } from '../facts.ts';
import {
  ada,
  check,
  devE,
  HEAD,
  NOON,
  OLD_HEAD,
  PULL,
  pullRequest,
  review,
  reviewE,
  sha,
  thread,
} from '../testing/facts.ts';
import { sampleStream } from '../testing/samples.ts';
import { implementing, inReview, Story } from '../testing/story.ts';
import { developer, noDeploy, quietWorld, repositoryPolicy, reviewer } from '../testing/world.ts';
import { type Command, decideCommand } from './command.ts';
import { evolve, replay } from './evolve.ts';
import { floorOf, isHigher } from './grade.ts';
import { gateOf } from './merging.ts';
import { nextAction } from './next.ts';
import { observe } from './observe.ts';
import { type IssueState, noIssue } from './state.ts';
import { phaseOf, projectIssue } from './status.ts';
import { defaultPolicy, type World } from './world.ts';

const head = (headSHA: string) => ({ sha: headSHA, ref: 'rig/fix-parser/1', repositoryId: 700 });
const shas = fc.constantFrom(HEAD, OLD_HEAD, sha('d'));

const oddPulls = fc
  .record({
    number: fc.constantFrom(PULL, PULL + 1, 1),
    state: fc.constantFrom('open', 'open', 'open', 'closed', 'merged'),
    draft: fc.constantFrom(false, false, true),
    head: shas.map(head),
    mergeable: fc.constantFrom('mergeable', 'mergeable', 'conflicting', 'unknown'),
    containsBase: fc.constantFrom(true, true, false, null),
    mergeSHA: fc.constantFrom(null, sha('e')),
    labels: fc.constantFrom(['bug'], ['do-not-merge']),
    checks: fc.array(
      fc
        .record({ id: fc.nat(9), headSHA: shas, conclusion: fc.constantFrom('success', 'failure', null) })
        .map((one) => check({ ...one, status: one.conclusion === null ? 'queued' : 'completed' })),
      { maxLength: 3 },
    ),
    reviews: fc.array(
      fc
        .record({
          id: fc.integer({ min: 50, max: 55 }),
          author: fc.constantFrom(reviewE, ada, devE),
          commitSHA: shas,
          state: fc.constantFrom('approved', 'approved', 'changes_requested', 'dismissed', 'commented'),
        })
        .map(review),
      { maxLength: 3 },
    ),
    threads: fc.constantFrom([], [thread()], [thread({ by: ada, resolved: true, resolvedBy: ada })]),
  })
  .map((change) => pullRequest(change as Parameters<typeof pullRequest>[0]));

/** As often one that may be merged, else with something odd in it. */
const pulls = fc.oneof(fc.constant(pullRequest()), oddPulls);

const child = fc.record({
  name: fc.constantFrom('lexer', 'ast', 'docs'),
  standing: fc.constantFrom('done', 'done', 'open', 'failed', 'cancelled', 'deleted', 'circular'),
  phase: fc.constantFrom('Queued', 'Implementing'),
});

const oddWorlds: fc.Arbitrary<World> = fc
  .record({
    repository: fc.constantFrom(
      known(repositoryPolicy(), NOON),
      known(repositoryPolicy({ requiredChecks: 'none' }), NOON),
      known(repositoryPolicy({ deploy: { ...noDeploy, kind: 'flux', checks: ['smoke'] } }), NOON),
      unknown('The Repository is not Ready.'),
    ),
    tier: fc.constantFrom(quietWorld().tier, quietWorld().tier, null, {
      tier: 'T3' as const,
      taskClass: 'auth',
      reason: 'Tokens.',
    }),
    stack: fc.constantFrom(known('node', NOON), known(null, NOON), unknown('The forge does not answer.')),
    agents: fc.constantFrom([developer(), reviewer()], [developer()], [], [developer({ concurrency: 0 }), reviewer()]),
    pullRequest: fc.oneof(
      pulls.map((pr) => known(pr, NOON)),
      pulls.map((pr) => known(pr, 0)),
      fc.constant(unknown('Not read.')),
    ),
    pullRequestReadAt: fc.constantFrom(0, NOON),
    headPushedBy: fc.constantFrom(unknown('Nobody told.'), known(ada, NOON), known(devE, NOON)),
    openDependencies: fc.constantFrom([], ['split-lexer']),
    hopelessDependencies: fc.constantFrom([], [], ['split-lexer, which has failed']),
    children: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      fc.uniqueArray(child, { maxLength: 3, selector: ({ name }) => name }),
    ),
    missingParent: fc.constantFrom(null, null, null, 'epic'),
    forgeIssueClosed: fc.constantFrom(false, false, true),
    forgeIssueToldAt: fc.constantFrom(0, NOON + 1),
    lost: fc.constantFrom(null, null, { object: 'gone' as const }, { deadline: 0 }),
  })
  .map(({ lost, ...over }) => {
    const facts = {
      object: 'present' as const,
      jobEnded: null,
      started: true,
      seenAt: NOON,
      deadline: NOON + 3_600_000,
      ...lost,
    };
    return quietWorld({
      ...over,
      tasks:
        lost === null
          ? new Map()
          : new Map([
              ['task-1', facts],
              ['task-2', facts],
            ]),
    });
  });

const worlds = fc.oneof(
  pulls.map((pr) => quietWorld({ pullRequest: known(pr, NOON), pullRequestReadAt: NOON })),
  oddWorlds,
);

/** States of streams without sense, and of lives cut off anywhere. */
const lives = [
  () => implementing(),
  () => inReview(),
  () => inReview().verdict(false),
  () => inReview().later(1_000).verdict(true),
  () => {
    const story = inReview().later(1_000).verdict(true);
    story.run();
    return story;
  },
].map((make) => make().events);
const states: fc.Arbitrary<IssueState> = fc.oneof(
  sampleStream(25).map(replay),
  fc.constantFrom(...lives).chain((events) => fc.nat(events.length).map((length) => replay(events.slice(0, length)))),
  fc.tuple(fc.constantFrom(...lives), sampleStream(6)).map(([events, more]) => more.reduce(evolve, replay(events))),
);
const policy = { ...defaultPolicy, reviewDebounce: 0 };

test('any events in any order make a state, whose version is that of the last event', () => {
  fc.assert(
    fc.property(sampleStream(40), (events) => {
      assert.equal(replay(events).version, events.at(-1)?.version ?? 0);
    }),
    { numRuns: 500 },
  );
});

test('evolving changes neither the state nor the event it is given', () => {
  const frozen = (value: unknown): void => {
    if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return;
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  };
  fc.assert(
    fc.property(sampleStream(20), (events) => {
      frozen(events);
      events.reduce((state, event) => {
        frozen(state);
        return evolve(state, event);
      }, noIssue);
    }),
    { numRuns: 200 },
  );
});

test('what the world shows is told once: told and looked at again, it shows nothing new', () => {
  fc.assert(
    fc.property(states, worlds, (state, world) => {
      const seen = observe(state, world, policy, NOON);
      const after = seen.reduce(
        (told, event) => evolve(told, { ...event, version: told.version + 1, at: NOON }),
        state,
      );
      assert.deepEqual(observe(after, world, policy, NOON), []);
    }),
    { numRuns: 2_000 },
  );
});

test('every action carries a registered reason and a sentence, and every state has a phase', () => {
  fc.assert(
    fc.property(states, worlds, (state, world) => {
      const action = nextAction(state, world, policy, NOON);
      assert.ok(Object.hasOwn(reasons, action.reason), action.reason);
      assert.ok(action.message.length > 0);
      if (action.do === 'wait' && action.until !== null) assert.ok(action.until > NOON);
      assert.equal(projectIssue(state, action, null).phase, phaseOf(state));
    }),
    { numRuns: 2_000 },
  );
});

test('a merge is asked for only where the gate passes on the same facts, the head is the recorded one and no task runs', () => {
  let merges = 0;
  fc.assert(
    fc.property(states, worlds, (state, world) => {
      const action = nextAction(state, world, policy, NOON);
      if (action.do !== 'merge') return;
      merges += 1;
      const gate = gateOf(state, world, policy, NOON);
      assert.equal(gate.passed, true);
      assert.ok(gate.results.every((result) => result.state === 'pass'));
      assert.ok(world.pullRequest.known && world.pullRequest.value.head.sha === action.headSHA);
      assert.deepEqual(state.task, { work: null, review: null });
      assert.equal(state.ending ?? state.awaiting ?? state.merged, null);
    }),
    { numRuns: 6_000 },
  );
  assert.ok(merges > 0, 'no world in which a merge was asked for');
});

test('the gate never passes on a pull request that is not known', () => {
  fc.assert(
    fc.property(states, worlds, (state, world) => {
      const gate = gateOf(state, { ...world, pullRequest: unknown('Not read.') }, policy, NOON);
      assert.deepEqual([gate.passed, gate.missing?.state], [false, 'unknown']);
    }),
    { numRuns: 200 },
  );
});

test('the rules come to rest in every world: no decision is written down again and again', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...lives),
      fc.nat(30),
      fc.array(worlds, { minLength: 1, maxLength: 4 }),
      (events, cut, ahead) => {
        const story = new Story();
        story.events.push(...events.slice(0, Math.max(1, cut)));
        for (const world of ahead) {
          story.see({ ...world, tasks: new Map() }).later(60_000);
          story.run();
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

test('with an ending, a suspension, a hold, children or a question to a person nothing of the issue runs once the rules rest', () => {
  fc.assert(
    fc.property(fc.constantFrom(...lives), fc.nat(30), worlds, (events, cut, world) => {
      const story = new Story();
      story.events.push(...events.slice(0, Math.max(1, cut)));
      story.see({ ...world, tasks: new Map() });
      if (cut % 3 === 0) story.command({ do: 'hold', on: true });
      story.run();
      const { state } = story;
      const held = state.hold !== null || state.spec?.suspend === true || state.children.length > 0;
      // Behind a merge there is nothing left to hold.
      const shownMerged = world.pullRequest.known && world.pullRequest.value.state === 'merged';
      if ((state.merged !== null || shownMerged) && state.ending === null) return;
      if (state.ending === null && state.awaiting === null && !held) return;
      // Beside the person who drives T3 work a reviewer says that it is not theirs.
      const declines = state.awaiting?.reason === 'IrreversibleTier' && !held && state.ending === null;
      const { work, review } = state.task;
      assert.deepEqual([state.work, work, declines ? null : review], [null, null, null]);
    }),
    { numRuns: 1_000 },
  );
});

const commands: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom<Command>({ do: 'retry' }, { do: 'cancel' }, { do: 'reopen' }, { do: 'review' }),
  fc.record({ do: fc.constant('hold' as const), on: fc.boolean() }),
  fc.record({ do: fc.constant('tier' as const), tier: fc.constantFrom('T0', 'T1', 'T2', 'T3') }),
);

test('every command in every state is answered with a sentence; taken again from one comment it adds nothing; none lowers a tier', () => {
  let taken = 0;
  fc.assert(
    fc.property(states, commands, (state, command) => {
      const decision = decideCommand(state, { command, by: ada, comment: 900 });
      assert.ok(decision.message.length > 0);
      if (!decision.accepted || decision.events.length === 0) return;
      taken += 1;
      const after = decision.events.reduce(
        (told, event) => evolve(told, { ...event, version: told.version + 1, at: NOON }),
        state,
      );
      assert.deepEqual(decideCommand(after, { command, by: ada, comment: 900 }), {
        accepted: true,
        events: [],
        message: 'The command was taken already.',
      });
      const [floor, before] = [floorOf(after), floorOf(state)];
      assert.ok(before === null || (floor !== null && !isHigher(before, floor)));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(taken > 100, 'hardly a command was taken');
});
