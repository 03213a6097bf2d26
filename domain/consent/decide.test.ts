import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Manifest, manifestDigest, removalDigest } from '../approval/manifest.ts';
import { sha256 } from '../testing/approval.ts';
import type { AskedWrite } from './asked.ts';
import { consentNeeded, decideConsent, type FoundConsent, type NeededConsent } from './decide.ts';
import type { ListedManifests } from './governed.ts';

const listed: ListedManifests[] = [
  {
    policy: 'node',
    manifests: [
      { group: '', kinds: ['Secret'], operations: ['CREATE', 'UPDATE', 'DELETE'] },
      { group: 'apps', kinds: ['StatefulSet'], operations: ['DELETE'] },
      {
        group: '',
        kinds: ['ConfigMap'],
        operations: ['CREATE', 'UPDATE', 'DELETE'],
        namespaces: ['shop'],
        labels: { guarded: 'yes' },
      },
    ],
  },
];

const object = (kind: string, change: object = {}, metadata: object = {}): Manifest => ({
  apiVersion: kind === 'StatefulSet' ? 'apps/v1' : 'v1',
  kind,
  metadata: { name: 'db', namespace: 'shop', ...metadata },
  ...change,
});

function write(
  operation: AskedWrite['operation'],
  now: Manifest,
  before: Manifest | null = null,
  user = 'flux',
): AskedWrite {
  const { apiVersion, kind, metadata } = now;
  return {
    operation,
    group: apiVersion.includes('/') ? apiVersion.split('/')[0]! : '',
    kind,
    namespace: metadata.namespace ?? null,
    name: metadata.name ?? '',
    user,
    object: operation === 'DELETE' ? null : now,
    oldObject: operation === 'DELETE' ? now : before,
  };
}

const T3 = { labels: { 'rig.dashecorp.com/tier': 'T3' } };
const T2 = { labels: { 'rig.dashecorp.com/tier': 'T2' } };
const stateOf = (asked: AskedWrite, policies = listed) => consentNeeded(asked, policies, sha256).state;

const cases: [string, AskedWrite, 'passes' | 'needed'][] = [
  ['a Secret that is made', write('CREATE', object('Secret')), 'needed'],
  ['a Secret that is changed', write('UPDATE', object('Secret', { data: { a: 'Yg==' } }), object('Secret')), 'needed'],
  ['a Secret that is deleted', write('DELETE', object('Secret')), 'needed'],
  [
    'a Secret that is applied again as it is',
    write('UPDATE', object('Secret', { status: {} }), object('Secret')),
    'passes',
  ],
  ['a StatefulSet that is made', write('CREATE', object('StatefulSet')), 'passes'],
  ['a StatefulSet that is deleted', write('DELETE', object('StatefulSet')), 'needed'],
  ['a kind that nobody lists', write('CREATE', object('Service')), 'passes'],
  ['a kind that nobody lists, labelled T3', write('CREATE', object('Service', {}, T3)), 'needed'],
  ['the label T3 taken off', write('UPDATE', object('Service'), object('Service', {}, T3)), 'needed'],
  ['the deletion of what is labelled T3', write('DELETE', object('Service', {}, T3)), 'needed'],
  ['the label T3 put on, and nothing else', write('UPDATE', object('Service', {}, T3), object('Service')), 'passes'],
  [
    'the label T3 put on beside a change',
    write('UPDATE', object('Service', { spec: {} }, T3), object('Service')),
    'needed',
  ],
  [
    'a namespace that is governed from now on',
    write('UPDATE', object('Secret', {}, { labels: { 'rig.dashecorp.com/governed': 'true' } }), object('Secret')),
    'passes',
  ],
  [
    'a Secret labelled T1, which asks for nothing',
    write('UPDATE', object('Secret', {}, { labels: { 'rig.dashecorp.com/tier': 'T1' } }), object('Secret')),
    'needed',
  ],
  [
    'a Secret labelled governed: x, which asks for nothing',
    write('UPDATE', object('Secret', {}, { labels: { 'rig.dashecorp.com/governed': 'x' } }), object('Secret')),
    'needed',
  ],
  [
    'both labels that ask for consent put on, and nothing else',
    write(
      'UPDATE',
      object('Secret', {}, { labels: { 'rig.dashecorp.com/governed': 'true', 'rig.dashecorp.com/tier': 'T2' } }),
      object('Secret'),
    ),
    'passes',
  ],
  [
    'a guard that is changed',
    write('UPDATE', object('Service', {}, { labels: { 'rig.dashecorp.com/tier': 'T1' } }), object('Service', {}, T3)),
    'needed',
  ],
  ['a kind that nobody lists, labelled T2', write('CREATE', object('Service', {}, T2)), 'needed'],
  ['the label T2 taken off', write('UPDATE', object('Service'), object('Service', {}, T2)), 'needed'],
  ['the deletion of what is labelled T2', write('DELETE', object('Service', {}, T2)), 'needed'],
  ['the label T2 put on, and nothing else', write('UPDATE', object('Service', {}, T2), object('Service')), 'passes'],
  [
    'a label of a tier that is reversible in minutes',
    write('CREATE', object('Service', {}, { labels: { 'rig.dashecorp.com/tier': 'T1' } })),
    'passes',
  ],
  ['a listed kind without the labels of its entry', write('CREATE', object('ConfigMap')), 'passes'],
  [
    'a listed kind with the labels of its entry',
    write('CREATE', object('ConfigMap', {}, { labels: { guarded: 'yes' } })),
    'needed',
  ],
  [
    'the labels of its entry taken off',
    write('UPDATE', object('ConfigMap'), object('ConfigMap', {}, { labels: { guarded: 'yes' } })),
    'needed',
  ],
  [
    'a listed kind in a namespace that its entry does not name',
    write('CREATE', object('ConfigMap', {}, { namespace: 'web', labels: { guarded: 'yes' } })),
    'passes',
  ],
  ['a namesake of another group', { ...write('CREATE', object('Secret')), group: 'example.com' }, 'passes'],
  [
    'an owner added, with whose end it would go',
    write('UPDATE', object('Secret', {}, { ownerReferences: [{ uid: 'u' }] }), object('Secret')),
    'needed',
  ],
  [
    'what the end of a namespace ends',
    write('DELETE', object('Secret'), null, 'system:serviceaccount:kube-system:namespace-controller'),
    'passes',
  ],
  [
    'a Secret made by the controller of namespaces',
    write('CREATE', object('Secret'), null, 'system:serviceaccount:kube-system:namespace-controller'),
    'needed',
  ],
  [
    'a deletion by somebody of another namespace with that name',
    write('DELETE', object('Secret'), null, 'system:serviceaccount:shop:namespace-controller'),
    'needed',
  ],
  [
    'what is created by a controller whose name is a member of every object',
    write('CREATE', object('Secret'), null, 'system:serviceaccount:kube-system:constructor'),
    'needed',
  ],
];
for (const [what, asked, state] of cases) {
  test(`consent: ${what} ${state === 'needed' ? 'needs consent' : 'needs none'}`, () => {
    assert.equal(stateOf(asked), state);
  });
}

const ROLE = { ...object('ClusterRole'), apiVersion: 'rbac.authorization.k8s.io/v1' };
const MIGRATION = {
  ...object('Job', {}, { labels: { 'rig.dashecorp.com/migration': 'true' } }),
  apiVersion: 'batch/v1',
};
for (const [where, policies] of [
  ['there is no TierPolicy', []],
  ['the only TierPolicy lists nothing', [{ policy: 'bare', manifests: [] }]],
  ['one lists nothing, and another other kinds', [{ policy: 'bare', manifests: [] }, ...listed]],
  [
    'a TierPolicy lists one kind, in one namespace',
    [{ policy: 'web', manifests: [{ group: '', kinds: ['Secret'], operations: ['DELETE'], namespaces: ['web'] }] }],
  ],
] as const satisfies [string, ListedManifests[]][])
  test(`consent: where ${where}, what every rig guards still needs it`, () => {
    for (const guarded of [object('Secret'), object('ServiceAccount'), ROLE, MIGRATION])
      assert.equal(stateOf(write('CREATE', guarded), policies), 'needed', guarded.kind);
    assert.equal(stateOf(write('CREATE', object('Service')), policies), 'passes');
    assert.equal(stateOf(write('CREATE', { ...MIGRATION, metadata: { name: 'other' } }), policies), 'passes');
  });

test('consent: what a TierPolicy lists is told by its name, and what every rig guards as that', () => {
  const because = (asked: AskedWrite) => {
    const { state, ...found } = consentNeeded(asked, listed, sha256);
    return state === 'needed' && 'need' in found ? found.need.because : state;
  };
  assert.match(because(write('CREATE', object('Secret'))), /: TierPolicy node lists it\.$/);
  assert.match(because(write('CREATE', ROLE)), /: it is of what every rig guards\.$/);
});

test('consent: an object that no digest can name is refused, and is told why', () => {
  const need = consentNeeded(write('CREATE', object('Secret', { data: { a: '\ud800' } })), listed, sha256);
  assert.ok(need.state === 'refused' && /half of a surrogate pair/.test(need.message));
});

test('consent: a claim for which the scheduler picks a node passes, and one that is given another storage class by an annotation does not', () => {
  const claim = (annotations: object) => object('PersistentVolumeClaim', {}, { annotations });
  const changed = (annotations: object) => write('UPDATE', claim(annotations), claim({}), 'system:kube-scheduler');
  assert.equal(stateOf(changed({ 'volume.kubernetes.io/selected-node': 'n' }), []), 'passes');
  assert.equal(stateOf(changed({ 'volume.beta.kubernetes.io/storage-class': 'ephemeral' }), []), 'needed');
});

test('consent: a Job that a CronJob makes is asked for like anybody’s', () => {
  const policies: ListedManifests[] = [
    { policy: 'node', manifests: [{ group: 'batch', kinds: ['Job'], operations: ['CREATE', 'DELETE'] }] },
  ];
  const job = { ...object('Job'), apiVersion: 'batch/v1' };
  const by = 'system:serviceaccount:kube-system:cronjob-controller';
  assert.equal(stateOf(write('CREATE', job, null, by), policies), 'needed');
  assert.equal(stateOf(write('DELETE', job, null, by), policies), 'passes');
});

function needOf(asked: AskedWrite): NeededConsent {
  const need = consentNeeded(asked, listed, sha256);
  assert.ok(need.state === 'needed');
  return need.need;
}
const human = { subject: 'ada@example.com', issuer: 'https://accounts.example.com' };
const ci = { subject: 'https://github.com/acme/ci/.github/workflows/attest.yml@refs/heads/main', issuer: 'https://ci' };
const approval = (signedAt: number, machines: FoundConsent['machines'] = []): FoundConsent => ({
  approval: `acme/a-${signedAt}`,
  signature: `of-${signedAt}`,
  signedAt,
  human,
  machines,
});

test('consent: what is asked for is the digest of exactly this manifest, or of its removal', () => {
  const [secret, before] = [object('Secret', { data: { a: 'Yg==' } }), object('Secret')];
  assert.equal(needOf(write('CREATE', secret)).digest, manifestDigest(secret, sha256));
  assert.equal(needOf(write('DELETE', secret)).digest, removalDigest(secret, sha256));
  assert.deepEqual(needOf(write('UPDATE', secret, before)).against, [
    removalDigest(secret, sha256),
    manifestDigest(before, sha256),
  ]);
});

const GUARDS = { 'rig.dashecorp.com/tier': 'T2', 'rig.dashecorp.com/governed': 'true' };
const bound = { 'pv.kubernetes.io/bind-completed': 'yes', 'pv.kubernetes.io/migrated-to': 'csi.example.com' };
const role = (rules?: readonly object[], labels?: object): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'all', labels: labels as Record<string, string> },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { all: 'yes' } }] },
  ...(rules === undefined ? {} : { rules }),
});
const changedSince: readonly [string, Manifest, Manifest][] = [
  [
    'a guard label was put on',
    object('Secret', { data: { a: 'Yg==' } }),
    object('Secret', { data: { a: 'Yg==' } }, { labels: { 'rig.dashecorp.com/tier': 'T3' } }),
  ],
  [
    'both guard labels were put on',
    object('Secret', { data: { a: 'Yg==' } }),
    object('Secret', { data: { a: 'Yg==' } }, { labels: GUARDS }),
  ],
  [
    'one of two guard labels was put on',
    object('Secret', {}, { labels: { 'rig.dashecorp.com/tier': 'T2' } }),
    object('Secret', {}, { labels: GUARDS }),
  ],
  [
    'a claim was bound, and labelled',
    object('PersistentVolumeClaim', { spec: { storageClassName: 'slow' } }),
    object(
      'PersistentVolumeClaim',
      { spec: { storageClassName: 'slow', volumeName: 'v' } },
      { annotations: bound, labels: GUARDS },
    ),
  ],
  [
    'a volume was bound',
    object('PersistentVolume', { spec: { capacity: { storage: '1Gi' } } }, { namespace: undefined }),
    object(
      'PersistentVolume',
      { spec: { capacity: { storage: '1Gi' }, claimRef: { name: 'data', namespace: 'shop', uid: 'u' } } },
      { namespace: undefined, annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
    ),
  ],
  [
    'a volume was bound that was meant for this claim',
    object('PersistentVolume', { spec: { claimRef: { name: 'data', namespace: 'shop' } } }, { namespace: undefined }),
    object(
      'PersistentVolume',
      {
        spec: {
          claimRef: {
            kind: 'PersistentVolumeClaim',
            apiVersion: 'v1',
            name: 'data',
            namespace: 'shop',
            uid: 'u',
            resourceVersion: '7',
          },
        },
      },
      { namespace: undefined },
    ),
  ],
  ['the cluster filled a role that gathers others', role([]), role([{ verbs: ['get'] }], GUARDS)],
  ['the cluster filled a role that says no rules', role(), role([{ verbs: ['get'] }])],
];
for (const [what, signed, live] of changedSince) {
  const seen = manifestDigest(signed, sha256);
  const policies: ListedManifests[] = [
    {
      policy: 'all',
      manifests: ['', 'rbac.authorization.k8s.io'].map((group) => ({
        group,
        kinds: ['Secret', 'PersistentVolumeClaim', 'PersistentVolume', 'ClusterRole'],
        operations: ['UPDATE', 'DELETE'],
      })),
    },
  ];
  test(`consent: where ${what} since it was signed, that consent stands against an older one`, () => {
    const other = { ...signed, metadata: { ...signed.metadata, annotations: { older: 'yes' } } };
    for (const asked of [write('UPDATE', other, live), write('DELETE', live)]) {
      const need = consentNeeded(asked, policies, sha256);
      assert.ok(need.state === 'needed' && need.need.against.includes(seen), asked.operation);
    }
  });
}

test('consent: a removal that was agreed on before what is there ends nothing that somebody agreed on later', () => {
  const live = object('Secret', { data: { a: 'Yg==' } }, { creationTimestamp: '2026-01-01T00:00:00Z' });
  const need = needOf(write('DELETE', live));
  const [ended, kept] = [Date.parse('2026-01-02T00:00:00Z'), Date.parse('2026-01-03T00:00:00Z')];
  assert.deepEqual(need.against, [manifestDigest(live, sha256)]);
  assert.equal(decideConsent(need, { found: [approval(ended)], against: [approval(kept)] }).allowed, false);
  assert.equal(decideConsent(need, { found: [approval(kept)], against: [approval(ended)] }).allowed, true);
});

test('consent: what was agreed on later stands against an older yes that is filed under its name', () => {
  const need = needOf(write('UPDATE', object('Secret', { data: { a: 'Yg==' } }), object('Secret')));
  const later = approval(2);
  const older = { ...approval(1), approval: later.approval };
  assert.equal(decideConsent(need, { found: [older], against: [later] }).allowed, false);
  assert.equal(decideConsent(need, { found: [later], against: [later] }).allowed, true);
});

test('consent: none is refused, and the sentence names the object, the policy, the digest and what helps', () => {
  const need = needOf(write('CREATE', object('Secret')));
  const decision = decideConsent(need, { found: [], against: [] });
  assert.ok(!decision.allowed);
  assert.match(decision.message, /^Secret shop\/db .* TierPolicy node lists it\. .*sha256:[0-9a-f]{64}.*rig approve/);
});

test('consent: an object that was made after somebody agreed to the end of one with its name stays', () => {
  const made = { creationTimestamp: '2026-01-02T00:00:00Z' };
  const need = needOf(write('DELETE', object('Secret', {}, made)));
  const [before, after] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-01-03T00:00:00Z')];
  assert.equal(decideConsent(need, { found: [approval(before)], against: [] }).allowed, false);
  assert.equal(decideConsent(need, { found: [approval(before), approval(after)], against: [] }).allowed, true);
  const nobodyKnows = needOf(write('DELETE', object('Secret')));
  assert.equal(decideConsent(nobodyKnows, { found: [approval(after)], against: [] }).allowed, false);
});

test('consent: an older yes does not take back what was agreed on later', () => {
  const times = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 4 });
  const need = needOf(write('UPDATE', object('Secret', { data: { a: 'Yg==' } }), object('Secret')));
  fc.assert(
    fc.property(times, times, (yes, no) => {
      const { allowed } = decideConsent(need, {
        found: yes.map((at) => approval(at)),
        against: no.map((at) => approval(at)),
      });
      assert.equal(allowed, yes.length > 0 && Math.max(...yes) >= Math.max(0, ...no));
    }),
  );
});

const wantsMachine: readonly [string, AskedWrite, boolean][] = [
  ['what is labelled T2', write('CREATE', object('Service', {}, T2)), true],
  [
    'what was labelled T2, and is labelled T3 now',
    write('UPDATE', object('Service', {}, T3), object('Service', {}, T2)),
    true,
  ],
  ['the end of what is labelled T2', write('DELETE', object('Secret', {}, T2)), true],
  ['a Secret that a policy lists, labelled T2', write('CREATE', object('Secret', {}, T2)), true],
  ['what is labelled T3', write('CREATE', object('Service', {}, T3)), false],
  ['what a policy lists', write('CREATE', object('Secret')), false],
];
for (const [what, asked, machine] of wantsMachine)
  test(`consent: ${what} takes ${machine ? 'a machine beside the person' : 'a person alone'}`, () => {
    assert.equal(needOf(asked).machine, machine);
  });

const two = () => needOf(write('CREATE', object('Service', {}, T2)));

test('consent: a person and a machine that signed for the head of the very Approval that counts are both told', () => {
  const decision = decideConsent(two(), { found: [approval(1), approval(2, [ci])], against: [] });
  assert.deepEqual(decision, { allowed: true, by: 'acme/a-2', attestors: { humans: [human], machines: [ci] } });
});

for (const [what, found] of [
  ['a person alone', [approval(2)]],
  ['a person who is a machine too', [approval(2, [human])]],
  ['a machine that signed for the head of an older Approval', [approval(1, [ci]), approval(2)]],
] as const)
  test(`consent: ${what} is not enough where a machine has to vouch`, () => {
    const decision = decideConsent(two(), { found, against: [] });
    assert.match(
      decision.allowed ? '' : decision.message,
      /acme\/a-2 names it, and no listed machine signed for its head/,
    );
  });

test('consent: a machine’s word is nothing without a person’s', () => {
  const decision = decideConsent(two(), { found: [], against: [approval(3, [ci])] });
  assert.match(decision.allowed ? '' : decision.message, /No merge Approval that holds names/);
});
