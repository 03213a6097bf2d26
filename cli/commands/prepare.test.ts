import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations, apiVersion, type Issue, resources } from '#crds';
import { type KubeClient, KubeError, type KubeObject, type ObjectRef, type Resource, realClock } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { known, unknown } from '../../domain/facts.ts';
import { decidePreparation } from '../../domain/issue/prepare.ts';
import { projectIssue } from '../../domain/issue/status.ts';
import { NOON } from '../../domain/testing/facts.ts';
import { irreversible, Story } from '../../domain/testing/story.ts';
import { changeGrade, developer } from '../../domain/testing/world.ts';
import { FakeClient } from '../../lib/kube/fake-client.ts';
import { runCLI } from '../cli.ts';
import { askPreparation, whyNot } from './prepare.ts';

const issue = (status: Partial<NonNullable<Issue['status']>>): Pick<Issue, 'metadata' | 'status'> => ({
  metadata: { name: 'fix-1' },
  status: { phase: 'AwaitingHuman', effectiveTier: 'T3', ...status },
});

/** The status of an Issue whose person is asked for this reason. */
const waitsFor = (reason: string) => ({ escalation: { gate: 1, since: '2026-03-02T12:00:00Z', reason } });

for (const [title, status, said] of [
  ['T3 work that waits for a person may be prepared', {}, null],
  ['work below T3 is not prepared', { effectiveTier: 'T2' as const }, /is T2, not T3/],
  ['T3 work that waits for nobody is not prepared', { phase: 'Merging' as const }, /is Merging and waits for nobody/],
  [
    'T3 work that waits for something else is not prepared',
    waitsFor('DatabaseRestored'),
    /fix-1 waits for something else: rig why fix-1/,
  ],
  ['T3 work is prepared once at a time', { assignedTo: 'dev-e' }, /dev-e prepares fix-1 already/],
] as const)
  test(`prepare: ${title}`, () => {
    const why = whyNot(issue(status));
    if (said === null) assert.equal(why, null);
    else assert.match(why ?? '', said);
  });

test('prepare: work that is not graded yet is not prepared', () => {
  assert.match(whyNot({ metadata: { name: 'fix-1' } }) ?? '', /not graded yet/);
});

test('prepare: a note that is too long is a wrong command line, before anything is asked of a cluster', async () => {
  const told: string[] = [];
  const write = process.stderr.write;
  process.stderr.write = ((text: string) => told.push(text) > 0) as typeof write;
  try {
    assert.equal(await runCLI(['prepare', 'fix-1', '--note', 'x'.repeat(1_025)]), 2);
  } finally {
    process.stderr.write = write;
  }
  assert.match(told.join(''), /The note has 1025 characters; make it at most 1024/);
});

const T3 = { tier: 'T3', taskClass: 'bugfix', reason: 'Rule auth gives the issue tier T3.' } as const;
const driven = (): Story => {
  const story = new Story().see({ tier: T3 });
  story.wish();
  story.run();
  return story;
};
const asks = (story: Story, act: string): Story => {
  story.append(decidePreparation(story.state, { act, by: 'ada', note: null }));
  return story;
};
/** A draft that was prepared for it. */
const drafted = (): Story => {
  const story = asks(driven(), 'act-1');
  story.run();
  story.deliver().pull({ draft: true });
  story.see({ change: known(changeGrade(story.state, T3), NOON) });
  story.finish();
  return story;
};

const held = (story: Story): Story => {
  story.command({ do: 'hold', on: true });
  return story;
};

/** What the conductor shows of a story, which is what its rules would do next; and whether they would take an asking. */
function shownOf(story: Story) {
  const next = story.run();
  const takes = decidePreparation(story.state, { act: 'act-9', by: 'ada', note: null }).length > 0;
  return { reason: next.reason, takes, why: whyNot(issue(projectIssue(story.state, next, null))) };
}

for (const [title, shown, story] of [
  ['before there is a draft', 'IrreversibleTier', driven],
  ['behind a change that turned out to be T3', 'IrreversibleTier', irreversible],
  ['with a draft', 'IrreversibleTier', drafted],
  ['with a pull request that is closed', 'PullRequestClosed', () => drafted().pull({ state: 'closed' })],
  ['while nobody fits what was asked for', 'NoAgentFits', () => asks(driven(), 'act-1').see({ agents: [] })],
  [
    'while everybody is busy',
    'ConcurrencyFull',
    () => asks(driven(), 'act-1').see({ agents: [developer({ concurrency: 0 })] }),
  ],
  [
    'while it is not known who fits',
    'FactUnknown',
    () => asks(driven(), 'act-1').see({ stack: unknown('It is being read.') }),
  ],
  ['while it is held', 'Suspended', () => held(driven())],
] as const)
  test(`prepare: wherever the rules take an asking, the command asks: ${title}`, () => {
    assert.deepEqual(shownOf(story()), { reason: shown, takes: true, why: null });
  });

test('prepare: what the rules ask a person for after a restore is no preparation', () => {
  const story = driven();
  story.append([{ type: 'HUMAN_GATE_TRIGGERED', data: { reason: 'DatabaseRestored', message: 'Look there.' } }]);
  const { takes, why } = shownOf(story);
  assert.equal(takes, false);
  assert.match(why ?? '', /waits for something else/);
});

const ref = { namespace: 'tenant-a', name: 'fix-1' };
const ANNOTATIONS = [annotations.prepare, annotations.prepareBy, annotations.prepareNote] as const;

/** A cluster with one T3 Issue, in which whoever asks is ada. `react` is called with each asking that was written. */
class Cluster extends FakeClient {
  react: (act: string) => Promise<unknown> = async () => {};

  override async create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    if (resource.kind !== 'SelfSubjectReview') return super.create(resource, object);
    return { ...object, status: { userInfo: { username: 'ada' } } };
  }

  override async patch<T extends KubeObject>(resource: Resource<T>, at: ObjectRef, patch: unknown): Promise<T> {
    const patched = await super.patch<T>(resource, at, patch);
    const act = patched.metadata.annotations?.[annotations.prepare];
    if (act !== undefined) await this.react(act);
    return patched;
  }

  async status(status: object): Promise<unknown> {
    return super.applyStatus(resources.Issue, { ...(await this.get(resources.Issue, ref)), status } as KubeObject);
  }

  async said(): Promise<(string | undefined)[]> {
    const { metadata } = await this.get(resources.Issue, ref);
    return ANNOTATIONS.map((name) => metadata.annotations?.[name]);
  }
}

async function clusterWith(status: object): Promise<Cluster> {
  const cluster = new Cluster(realClock);
  const spec = { repositoryRef: { name: 'widgets' }, title: 'Sign in' };
  await cluster.create(resources.Issue, { apiVersion, kind: 'Issue', metadata: { ...ref }, spec } as unknown as Issue);
  await cluster.status({ phase: 'AwaitingHuman', effectiveTier: 'T3', ...status });
  return cluster;
}
const ask = (cluster: Cluster, withinMs = 5_000) =>
  askPreparation(cluster as unknown as KubeClient, ref, 'Show me.', withinMs);
const notDone = (why: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === ExitCode.NotDone && why.test(error.message);
const NOTHING = [undefined, undefined, undefined];

test('prepare: of an issue that waits for something else nothing is asked', async () => {
  const cluster = await clusterWith(waitsFor('DatabaseRestored'));
  await assert.rejects(ask(cluster), notDone(/rig why fix-1/));
  assert.ok(!cluster.calls.includes('patch issues'));
});

test('prepare: an asking that is recorded stays, as the conductor has it', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  cluster.react = (act) => cluster.status({ preparation: { act, by: 'ada', at: '2026-03-02T12:00:00Z' } });
  const { act, by } = await ask(cluster);
  assert.deepEqual([by, await cluster.said()], ['ada', [act, 'ada', 'Show me.']]);
});

test('prepare: an asking that no conductor records is taken back, and cannot start later', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  await assert.rejects(ask(cluster, 1), notDone(/taken back.*rig status says whether one runs/));
  assert.deepEqual(await cluster.said(), NOTHING);
});

test('prepare: an asking is taken back as soon as the issue waits for something else', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  cluster.react = () =>
    cluster.status({ phase: 'AwaitingHuman', effectiveTier: 'T3', ...waitsFor('DatabaseRestored') });
  await assert.rejects(ask(cluster), notDone(/waits for something else: rig why fix-1/));
  assert.deepEqual(await cluster.said(), NOTHING);
});

test('prepare: another’s asking is never taken back', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  const theirs = { [annotations.prepare]: 'bobs', [annotations.prepareBy]: 'bob', [annotations.prepareNote]: null };
  cluster.react = async (act) => {
    if (act === 'bobs') return;
    await cluster.patch(resources.Issue, ref, { metadata: { annotations: theirs } });
  };
  await assert.rejects(ask(cluster), notDone(/at the same moment/));
  assert.deepEqual(await cluster.said(), ['bobs', 'bob', undefined]);
});

test('prepare: what the conductor records while it is being taken back was asked for', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  let asked = '';
  cluster.react = async (act) => {
    asked = act;
  };
  // The first attempt to take it back meets the conductor's own write.
  let patches = 0;
  cluster.fault = (verb) => {
    if (verb !== 'patch' || ++patches !== 2) return;
    throw new KubeError('Conflict', 'the object has been modified');
  };
  const recording = ask(cluster, 1);
  const found = cluster.get.bind(cluster);
  cluster.get = (async (resource: Resource, at: ObjectRef) => {
    const seen = await found(resource, at);
    if (patches < 2) return seen;
    return { ...seen, status: { ...(seen.status as object), preparation: { act: asked, by: 'ada', at: 'then' } } };
  }) as typeof cluster.get;
  assert.deepEqual(await recording, { act: asked, by: 'ada', at: 'then' });
});

/** Every look at the Issue behind the asking fails, `times` often. */
function deafAfterAsking(cluster: Cluster, times: number): void {
  let left = times;
  cluster.fault = (verb) => {
    const isAsked = cluster.calls.includes('patch issues');
    if (verb === 'get' && isAsked && left-- > 0) throw new KubeError('Unavailable', 'the API server does not answer');
  };
}

test('prepare: an asking whose fate cannot be read is taken back, and the failure is told', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  deafAfterAsking(cluster, 1);
  await assert.rejects(ask(cluster), { name: 'KubeError', code: 'Unavailable' });
  assert.deepEqual(await cluster.said(), NOTHING);
});

test('prepare: an asking that cannot even be taken back is said to stand', async () => {
  const cluster = await clusterWith(waitsFor('IrreversibleTier'));
  deafAfterAsking(cluster, 2);
  await assert.rejects(
    ask(cluster),
    (error) =>
      error instanceof ExitError &&
      error.code === ExitCode.Environment &&
      /^the API server does not answer: the asking may stand on the Issue fix-1 and begin later\.$/.test(error.message),
  );
});
