import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Approval } from '#crds';
import { approvalDigest, approvalDocument, approvalStatement, type Human, statementPayloadType } from '#domain';
import { AttestError } from '#lib/attest';
import { type KubeObject, Retry } from '#lib/kube';
import { approvalInput, sha256 } from '../../domain/testing/approval.ts';
import type { Opened } from './bundles.ts';
import { FirstSight } from './first-sight.ts';
import type { TrustView } from './trust.ts';

const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-01-02T00:00:00Z');
const issuer = 'https://accounts.example.com';
const ada: Human = { subject: 'ada@example.com', issuer, logins: [], groups: [] };
const document = approvalDocument(approvalInput('merge'));
const payload = JSON.stringify(approvalStatement(document, approvalDigest(document, sha256)));

const filed = (name: string, hoursAgo = 1, scope = 'merge') =>
  ({
    metadata: {
      namespace: 'acme',
      name,
      uid: name,
      creationTimestamp: new Date(NOW - hoursAgo * HOUR_MS).toISOString(),
    },
    spec: { issueRef: { name: 'shop', uid: 'u' }, scope, bundle: name },
  }) as unknown as Approval & KubeObject;

/** Bundles are named after who signed them. */
function setUp(approvals: (Approval & KubeObject)[]) {
  const world = {
    approvals,
    humans: [ada],
    held: [] as string[],
    opened: [] as string[],
    wrong: null as Error | null,
  };
  const open = ({ spec }: Approval): Opened => {
    world.opened.push(spec.bundle);
    if (spec.bundle === 'junk') return { refused: 'BundleInvalid', message: 'It is none.' };
    const identity = { subject: `${spec.bundle.split('-')[0]}@example.com`, issuer };
    const how = { payloadType: statementPayloadType, payload, nameKind: 'email', workflow: false } as const;
    return { ...how, identity, key: spec.bundle, signedAt: NOW - HOUR_MS };
  };
  const sight = new FirstSight({
    approvals: { list: () => world.approvals },
    trust: {
      read: async () => {
        if (world.wrong !== null) throw world.wrong;
        return { humans: world.humans, machines: [], rootVersion: '1' } as unknown as TrustView;
      },
    },
    signatures: {
      standing: async () => ({ counted: () => false, revoked: () => false }),
      hold: async (_, { uid }, consent) => {
        assert.equal(consent, null);
        world.held.push(uid);
      },
    },
    open,
    now: () => NOW,
  });
  return { world, look: () => sight.look() };
}

test('first sight: of what is filed, signatures of listed people are written down, whatever they are of, and looked at once', async () => {
  const { world, look } = setUp([filed('ada-1'), filed('eve-1'), filed('junk'), filed('ada-2', 1, 'dispatch')]);
  await look();
  await look();
  assert.deepEqual(world.held, ['ada-1']);
  assert.deepEqual(world.opened, ['ada-1', 'eve-1', 'junk']);
  world.approvals.push(filed('ada-3'));
  await look();
  assert.deepEqual(world.held, ['ada-1', 'ada-3']);
});

test('first sight: who is listed from now on has what they signed before looked at again', async () => {
  const { world, look } = setUp([filed('eve-1')]);
  await look();
  assert.deepEqual(world.held, []);
  world.humans = [ada, { ...ada, subject: 'eve@example.com' }];
  await look();
  assert.deepEqual(world.held, ['eve-1']);
});

test('first sight: what was filed longer ago than an Approval lives is left alone', async () => {
  const { world, look } = setUp([filed('ada-old', 26), filed('ada-new', 24)]);
  await look();
  assert.deepEqual(world.held, ['ada-new']);
});

for (const wrong of [new AttestError('TrustUnreadable', 'There is no root.'), new Retry('FactUnknown', 'It is full.')])
  test(`first sight: what cannot be looked at now (${wrong.name}) is looked at when it can be`, async () => {
    const { world, look } = setUp([filed('ada-1')]);
    world.wrong = wrong;
    await look();
    assert.deepEqual(world.held, []);
    world.wrong = null;
    await look();
    assert.deepEqual(world.held, ['ada-1']);
  });

test('first sight: however many are filed, no look takes longer than for some, and none is left out', async () => {
  const { world, look } = setUp(Array.from({ length: 300 }, (_, at) => filed(`ada-${at}`)));
  await look();
  assert.equal(world.held.length, 256);
  await look();
  assert.equal(new Set(world.held).size, 300);
});
