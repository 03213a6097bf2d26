import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotations, apiVersion, resources } from '#crds';
import { type KubeClient, KubeError, type KubeObject, type ObjectRef, type Resource, realClock } from '#lib/kube';
import { ExitCode, ExitError } from '#lib/terminal';
import { FakeClient } from '../lib/kube/fake-client.ts';
import { acknowledge } from './commands/ack.ts';
import { say } from './commands/trust-say.ts';

const ref = { namespace: 'tenant-a', name: 'fix-1' };
const ESCALATION = { gate: 7, since: '2026-03-02T12:00:00Z', reason: 'IrreversibleTier' };
const QUESTION = '7@2026-03-02T12:00:00Z';

/** A cluster with an Issue that waits for a person, and an Agent, in which whoever asks is ada. `react` is called with each object that she wrote to. */
class Cluster extends FakeClient {
  react: (written: KubeObject) => Promise<unknown> = async () => {};

  override async create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    if (resource.kind !== 'SelfSubjectReview') return super.create(resource, object);
    return { ...object, status: { userInfo: { username: 'ada' } } };
  }

  override async patch<T extends KubeObject>(resource: Resource<T>, at: ObjectRef, patch: unknown): Promise<T> {
    const patched = await super.patch<T>(resource, at, patch);
    if (Object.keys(patched.metadata.annotations ?? {}).length > 0) await this.react(patched);
    return patched;
  }

  async status(kind: 'Issue' | 'Agent', status: object): Promise<unknown> {
    const resource: Resource = resources[kind];
    return super.applyStatus(resource, { ...(await this.get(resource, ref)), status });
  }

  async said(kind: 'Issue' | 'Agent'): Promise<Record<string, string>> {
    return (await this.get(resources[kind] as Resource, ref)).metadata.annotations ?? {};
  }
}

async function cluster(): Promise<Cluster> {
  const made = new Cluster(realClock);
  for (const kind of ['Issue', 'Agent'] as const)
    await made.create(resources[kind] as Resource, { apiVersion, kind, metadata: { ...ref, uid: `uid-${kind}` } });
  await made.status('Issue', { phase: 'AwaitingHuman', escalation: ESCALATION });
  return made;
}

const ack = (at: Cluster, withinMs = 5_000) => acknowledge(at as unknown as KubeClient, ref, 'On it.', withinMs);
const trust = (at: Cluster, withinMs = 5_000) =>
  say(at as unknown as KubeClient, ref, { do: 'ack', model: 'model-1' }, { note: 'Known.', withinMs });
const ended = (code: number, why: RegExp) => (error: unknown) =>
  error instanceof ExitError && error.code === code && why.test(error.message);

for (const [command, kind, asks] of [
  ['ack', 'Issue', ack],
  ['trust', 'Agent', trust],
] as const) {
  test(`${command}: what no conductor records is taken back, and cannot count later`, async () => {
    const at = await cluster();
    await assert.rejects(asks(at, 1), ended(ExitCode.NotDone, /taken back: rig status says whether one runs\./));
    assert.deepEqual(await at.said(kind), {});
  });

  test(`${command}: what may have been written though the answer was lost is taken back`, async () => {
    const at = await cluster();
    at.react = async () => {
      at.react = async () => {};
      throw new KubeError('Unavailable', 'the API server does not answer');
    };
    await assert.rejects(asks(at), { name: 'KubeError', code: 'Unavailable' });
    assert.deepEqual(await at.said(kind), {});
  });

  test(`${command}: what cannot even be taken back is said to stand`, async () => {
    const at = await cluster();
    at.fault = (verb) => {
      if (verb === 'get' && at.calls.some((call) => call.startsWith('patch')))
        throw new KubeError('Unavailable', 'the API server does not answer');
    };
    const stands = new RegExp(
      `^the API server does not answer: the asking may stand on the ${kind} fix-1 and count later`,
    );
    await assert.rejects(asks(at), ended(ExitCode.Environment, stands));
  });
}

test('ack: what is recorded stays, and so does another’s word for the same question', async () => {
  const at = await cluster();
  const theirs = { [annotations.ack]: QUESTION, [annotations.ackBy]: 'bob' };
  at.react = async () => {
    at.react = async () => {};
    await at.patch(resources.Issue, ref, { metadata: { annotations: { ...theirs, [annotations.ackNote]: null } } });
  };
  await assert.rejects(ack(at, 1), ended(ExitCode.NotDone, /No conductor has recorded it/));
  assert.deepEqual(await at.said('Issue'), theirs);
  const by = { acknowledgedBy: 'ada', acknowledgedAt: '2026-03-02T12:01:00Z', note: 'On it.' };
  at.react = () => at.status('Issue', { phase: 'AwaitingHuman', escalation: { ...ESCALATION, ...by } });
  const { by: who, already } = await ack(at);
  assert.deepEqual([who, already], ['ada', false]);
  const mine = { [annotations.ack]: QUESTION, [annotations.ackBy]: 'ada', [annotations.ackNote]: 'On it.' };
  assert.deepEqual(await at.said('Issue'), mine);
});

test('ack: a word for a question that is not asked any more is taken back', async () => {
  const at = await cluster();
  at.react = () => at.status('Issue', { phase: 'Queued' });
  await assert.rejects(ack(at), ended(ExitCode.NotDone, /does not wait with that question: it is Queued/));
  assert.deepEqual(await at.said('Issue'), {});
});

test('trust: what the conductor refuses is answered, with its reason; another’s words are never taken back', async () => {
  const at = await cluster();
  at.react = async ({ metadata }) => {
    const { id: act } = JSON.parse(metadata.annotations?.[annotations.trust] ?? '{}') as { id?: string };
    await at.status('Agent', { trust: { act, taken: false, message: 'No such model.' } });
  };
  await assert.rejects(trust(at), ended(ExitCode.NotDone, /^No such model\.$/));
  const theirs = { [annotations.trust]: '{"id":"bobs"}', [annotations.trustBy]: 'bob' };
  at.react = async () => {
    at.react = async () => {};
    await at.patch(resources.Agent, ref, { metadata: { annotations: theirs } });
  };
  await assert.rejects(trust(at), ended(ExitCode.NotDone, /at the same moment: say it again/));
  assert.deepEqual(await at.said('Agent'), theirs);
});
