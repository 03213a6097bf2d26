import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Repository } from '#crds';
import { approvalDocument, changeStatement, type Identity, mergeOf, type OpenedBundle } from '#domain';
import type { KubeObject } from '#lib/kube';
import { approvalInput, sha256 } from '../../domain/testing/approval.ts';
import type { ConsentTrust } from './consents.ts';
import { Machines } from './machines.ts';

const issuer = 'https://token.actions.githubusercontent.com';
const ci: Identity = { subject: 'https://github.com/acme/shop/.github/workflows/attest.yml@refs/heads/main', issuer };
const NOW = 1_700_000_000_000;
const input = approvalInput('merge');
const { host, repositoryId } = input.forge;
const document = mergeOf(approvalDocument(input))!;
const head = { repositoryId, headSHA: input.change!.headSHA };

/** Bundles are names of who signed, and of what; "broken" does not verify. */
const openText = (bundle: string): OpenedBundle | null => {
  if (bundle === 'broken') return null;
  const [subject = '', payload = ''] = bundle.split('\n');
  return {
    payloadType: 'application/vnd.in-toto+json',
    payload,
    identity: { subject, issuer },
    nameKind: 'uri',
    workflow: true,
    key: 'k',
    signedAt: NOW,
  };
};
const signed = (subject = ci.subject, of = head) => `${subject}\n${changeStatement(of, { sha256 })}`;
const trust = { machines: [ci], humans: [], openText } as unknown as ConsentTrust;

function setUp({ at = host, known = repositoryId } = {}) {
  const world = { now: NOW, filed: [] as string[], away: false, asked: [] as string[] };
  const repository = {
    metadata: { namespace: input.namespace, name: 'shop' },
    spec: { owner: 'acme', name: 'shop' },
    status: { forge: { repositoryID: known } },
  } as unknown as Repository & KubeObject;
  const attestations = async (_: unknown, digest: string) => {
    world.asked.push(digest);
    if (world.away) throw new Error('The forge does not answer.');
    return world.filed;
  };
  const machines = new Machines({
    repositories: { list: (namespace) => (namespace === input.namespace ? [repository] : []) },
    forges: { forRepository: async () => ({ host: at, forge: { attestations } }) },
    now: () => world.now,
  });
  return { world, of: () => machines.of(document, trust) };
}

test('machines: those that signed for the head that an Approval is of vouch, whatever else was filed for it', async () => {
  const { world, of } = setUp();
  const other = ci.subject.replace('main', 'rig/shop-42/1');
  world.filed = ['broken', signed(other), signed(ci.subject, { ...head, headSHA: 'f'.repeat(40) }), signed()];
  assert.deepEqual(await of(), { state: 'known', machines: [ci] });
});

test('machines: what was filed is believed for five seconds, and then asked for again', async () => {
  const { world, of } = setUp();
  assert.deepEqual(await of(), { state: 'known', machines: [] });
  world.filed = [signed()];
  world.now += 4_999;
  assert.deepEqual(await of(), { state: 'known', machines: [] });
  world.now += 1;
  assert.deepEqual(await of(), { state: 'known', machines: [ci] });
  assert.equal(new Set(world.asked).size, 1);
  assert.equal(world.asked.length, 2);
});

test('machines: a forge that does not answer is no answer, and is asked again at once', async () => {
  const { world, of } = setUp();
  world.away = true;
  assert.deepEqual(await of(), { state: 'unknown', why: 'The forge does not answer.' });
  Object.assign(world, { away: false, filed: [signed()] });
  assert.deepEqual(await of(), { state: 'known', machines: [ci] });
});

for (const [what, given, why] of [
  ['that is not known here any more', { known: repositoryId + 1 }, /There is no Repository/],
  ['that is at another forge now', { at: 'github.com.evil.io' }, /and the Repository is at github\.com\.evil\.io/],
] as const)
  test(`machines: of a repository ${what} nobody can tell who signed`, async () => {
    const { world, of } = setUp(given);
    world.filed = [signed()];
    const told = await of();
    assert.match(told.state === 'unknown' ? told.why : '', why);
    assert.deepEqual(world.asked, []);
  });
