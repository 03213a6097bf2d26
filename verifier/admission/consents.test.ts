import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  approvalDigest,
  approvalDocument,
  approvalStatement,
  type Human,
  type OpenedBundle,
  statementPayloadType,
} from '#domain';
import { approvalInput, sha256 } from '../../domain/testing/approval.ts';
import type { KeptConsent } from '../approvals/kept-consents.ts';
import { Consents, type ConsentTrust, type Fate, type KnownApproval } from './consents.ts';

const input = approvalInput('merge');
const { headSHA } = input.change!;
const issuer = 'https://accounts.example.com';
const humanOf = (subject: string): Human => ({ subject, issuer, logins: [], groups: [] });
const [ada, grace] = [humanOf('ada@example.com'), humanOf('grace@example.com')];
const [OLDER, NEWER] = [sha256('older'), sha256('newer')];
const { baseBranch } = input;
const MERGED: Fate = { state: 'merged', headSHA, baseRef: baseBranch, at: 10_000 };
const OPEN: Fate = { state: 'open', headSHA, baseRef: baseBranch, passes: true };

interface Signed {
  readonly name: string;
  readonly by: Human;
  readonly at: number;
  readonly digest: string;
  /** Members of the document that no Approval of ours has. */
  readonly odd?: object;
}

/** An Approval whose "bundle" is as readable as a real one, and opens as whoever signed it. */
function filed({ name, digest, odd = {} }: Signed): KnownApproval {
  const document = { ...approvalDocument({ ...input, change: { ...input.change!, manifests: [digest] } }), ...odd };
  const payload = JSON.stringify(approvalStatement(document, approvalDigest(document, sha256)));
  const bundle = JSON.stringify({ dsseEnvelope: { payload: Buffer.from(payload).toString('base64') } });
  const spec = { issueRef: { name: input.name, uid: input.uid }, scope: 'merge', bundle };
  return { metadata: { namespace: input.namespace, name, uid: name }, spec } as unknown as KnownApproval;
}

function opened({ name, by, at }: Signed, { spec }: KnownApproval): OpenedBundle {
  const { dsseEnvelope } = JSON.parse(spec.bundle);
  const payload = Buffer.from(dsseEnvelope.payload, 'base64').toString();
  const { subject } = by;
  return {
    payloadType: statementPayloadType,
    payload,
    identity: { subject, issuer },
    nameKind: 'email',
    workflow: false,
    key: name,
    signedAt: at,
  };
}

const keptOf = ({ name, at, digest }: Signed): KeptConsent => ({
  approval: `${input.namespace}/${name}`,
  signature: name,
  signedAt: at,
  pull: { namespace: input.namespace, forge: input.forge, baseBranch, pullRequest: { number: 57, headSHA } },
  manifests: [digest],
});

interface World {
  readonly there?: readonly Signed[];
  readonly humans?: Human[];
  readonly fate?: Fate;
  readonly keep?: typeof keptOf;
}

/** Everything was counted, and is kept. */
function setUp(
  signed: readonly Signed[],
  { there = signed, humans = [ada, grace], fate = MERGED, keep = keptOf }: World = {},
) {
  const approvals = new Map(there.map((one) => [one.name, filed(one)]));
  const asked: number[] = [];
  const trust: ConsentTrust = {
    humans,
    machines: [],
    revoked: () => false,
    counted: () => true,
    kept: (digest) => signed.filter((one) => one.digest === digest).map(keep),
    open: (approval) => opened(there.find(({ name }) => name === approval.metadata.name)!, approval),
    openText: () => null,
  };
  return {
    asked,
    consents: new Consents({
      approvals: {
        hasSynced: () => true,
        addIndex: () => undefined as never,
        byIndex: (_, digest) => there.filter((one) => one.digest === digest).map(({ name }) => approvals.get(name)!),
      },
      trust: async () => trust,
      clusterUID: async () => input.clusterUID,
      fate: async ({ pullRequest }) => {
        asked.push(pullRequest.number);
        return fate;
      },
      machines: async () => ({ state: 'known', machines: [] }),
      now: () => 20_000,
    }),
  };
}

const older: Signed = { name: 'older', by: ada, at: 1_000, digest: OLDER };
const newer: Signed = { name: 'newer', by: grace, at: 2_000, digest: NEWER };
const names = (found: readonly { approval: string }[]) => found.map(({ approval }) => approval);

const gone: readonly [string, Parameters<typeof setUp>[1]][] = [
  ['whose Approval was deleted', { there: [older] }],
  ['whose signer was taken off the list', { humans: [ada] }],
  ['whose pull request is open', { there: [older], fate: { ...OPEN, passes: false } }],
  ['whose open pull request goes to another branch', { there: [older], fate: { ...OPEN, baseRef: 'scratch' } }],
];
for (const [what, world] of gone)
  test(`consents: one ${what} consents to nothing, and stands against what was consented to before`, async () => {
    const { consents } = setUp([older, newer], world);
    assert.deepEqual(names((await consents.of(NEWER)).found), []);
    assert.deepEqual(names((await consents.against([NEWER], older.at)).found), ['acme/newer']);
  });

for (const [what, fate] of [
  ['was given up', { state: 'closed' }],
  ['was merged with another head', { ...MERGED, headSHA: 'b'.repeat(40) }],
  ['was merged into another branch', { ...MERGED, baseRef: 'scratch' }],
] as const)
  test(`consents: a deleted one whose pull request ${what} stands against nothing`, async () => {
    const { consents } = setUp([older, newer], { there: [older], fate });
    assert.deepEqual(await consents.against([NEWER], older.at), { found: [], unknown: [] });
  });

for (const [what, fate] of [
  ['was merged into another branch', { ...MERGED, baseRef: 'scratch' }],
  ['goes to another branch', { ...OPEN, baseRef: 'scratch' }],
] as const)
  test(`consents: one whose pull request ${what} than was signed consents to nothing, and says so`, async () => {
    const { found, uncounted } = await setUp([older], { fate }).consents.of(OLDER);
    assert.deepEqual(found, []);
    assert.match(uncounted.join(), /Approval acme\/older .*not to main/);
  });

test('consents: one that is open or merged onto the branch that was signed consents', async () => {
  for (const fate of [OPEN, MERGED])
    assert.deepEqual(names((await setUp([older], { fate }).consents.of(OLDER)).found), ['acme/older']);
});

test('consents: one that was kept without its branch stands against older ones wherever it was merged', async () => {
  const keep = (one: Signed) => ({ ...keptOf(one), pull: { ...keptOf(one).pull, baseBranch: null } });
  const { consents } = setUp([older, newer], { there: [older], fate: { ...MERGED, baseRef: 'scratch' }, keep });
  assert.deepEqual(names((await consents.against([NEWER], older.at)).found), ['acme/newer']);
});

test('consents: one whose document names no repository consents to nothing, and of no other is less known for it', async () => {
  const { consents } = setUp([older, { ...newer, digest: OLDER, odd: { forge: null } }]);
  const { found, unknown } = await consents.of(OLDER);
  assert.deepEqual([names(found), unknown], [['acme/older'], []]);
});

test('consents: where nobody can tell what became of a deleted one, that is said, and of one that is older nobody is asked', async () => {
  const fate = { state: 'unknown', why: 'The forge is away.' } as const;
  const { consents, asked } = setUp([older, newer], { there: [], fate });
  const { found, unknown } = await consents.against([NEWER], older.at);
  assert.deepEqual([found, unknown], [[], ['Approval acme/newer: The forge is away.']]);
  assert.equal(asked.length, 1);
  assert.deepEqual(await consents.against([OLDER], newer.at), { found: [], unknown: [] });
  assert.equal(asked.length, 1);
});

test('consents: of one that is there and older than what it would stand against, nobody has to know what became', async () => {
  const fate = { state: 'unknown', why: 'There is no Repository any more.' } as const;
  const { consents } = setUp([older, newer], { fate });
  assert.deepEqual(await consents.against([OLDER], newer.at), { found: [], unknown: [] });
  assert.equal((await consents.against([OLDER], older.at)).unknown.length > 0, true);
});
