import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import type { HeadVerdict } from '#domain';
import { ForgeError } from '#lib/forge';
import { type KubeObject, Stalled } from '#lib/kube';
import { strictest, Twins } from './twins.ts';

const verdict = (state: HeadVerdict['state'], until: number | null = null): HeadVerdict => ({
  state,
  title: state,
  summary: `It is ${state}.`,
  until,
});
const repository = (uid: string, name = 'widgets', generation = 1) =>
  ({
    metadata: { namespace: 'a', name: uid, uid, generation },
    spec: { owner: 'acme', name },
  }) as unknown as Repository & KubeObject;

test('several Repositories let a head through together, or the strictest holds it back and is named', () => {
  const states = ['success', 'action_required', 'unknown', 'failure'] as const;
  for (const [at, worse] of states.entries())
    for (const better of states.slice(0, at + 1)) {
      const said = strictest([
        ['a/lax', verdict(better)],
        ['b/strict', verdict(worse)],
      ]);
      assert.equal(said.state, worse);
      if (worse !== better) assert.match(said.summary, /2 Repositories .* `b\/strict` says/);
    }
  assert.deepEqual(strictest([['a/one', verdict('success')]]), verdict('success'));
  assert.equal(
    strictest([
      ['a', verdict('success', 9)],
      ['b', verdict('success', 5)],
    ]).until,
    5,
  );
  assert.equal(strictest([]).state, 'unknown');
});

test('Repositories are twins by the number at the forge, whatever their names, in one order, and each is asked about once', async () => {
  const ids: Record<string, number> = { widgets: 7, renamed: 7, other: 8 };
  const asked: string[] = [];
  const forge = {
    repository: async ({ name }: { name: string }) => {
      asked.push(name);
      return { id: ids[name] };
    },
  };
  const twins = new Twins({ forRepository: async () => ({ forge, host: 'forge' }) as never }, () => 0);
  const all = [repository('u2', 'renamed'), repository('u1'), repository('u3', 'other')];
  for (let times = 0; times < 2; times += 1)
    assert.deepEqual(
      (await twins.of(7, all[1]!, all)).map(({ metadata }) => metadata.uid),
      ['u1', 'u2'],
    );
  assert.deepEqual(asked, ['renamed', 'other']);
  await twins.of(7, all[1]!, [all[1]!, repository('u2', 'renamed', 2)]);
  assert.equal(asked.length, 3);
});

test('a Repository of which nothing can be there is no twin; one that cannot be told of stops the look', async () => {
  const own = repository('u0');
  const failing = (error: Error) =>
    new Twins({ forRepository: () => Promise.reject(error) }, () => 0).of(7, own, [own, repository('u1')]);
  assert.deepEqual(await failing(new Stalled('SecretNotAllowed', 'It is of another forge.')), [own]);
  assert.deepEqual(await failing(new ForgeError('InstallationRemoved', 'It is not installed.')), [own]);
  await assert.rejects(failing(new ForgeError('Unavailable', 'The forge is away.')), /is away/);
});

test('a name that leads nowhere is asked about once a minute, however often others look; what has been seen there counts at once', async () => {
  let now = 0;
  let asked = 0;
  const forRepository = () => {
    asked += 1;
    return Promise.reject(new ForgeError('NotFound', 'There is no such repository.'));
  };
  const twins = new Twins({ forRepository }, () => now);
  const [own, nowhere] = [repository('u0'), repository('u1')];
  const look = (by = own) => twins.of(7, by, [own, nowhere]);
  for (let times = 0; times < 5; times += 1) await look();
  assert.equal(asked, 1);
  now = 60_000;
  await look();
  assert.equal(asked, 2);
  assert.equal((await look(nowhere)).length, 2);
});
