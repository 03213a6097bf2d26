import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, type TestContext, test } from 'node:test';
import type { Repository } from '#crds';
import { attestedText } from '#domain';
import { readTrust } from '#lib/attest';
import type { RunningTrust } from '../../local/trust/index.ts';
import { person, signed, signedByWorkflow, started, workflowName } from '../../local/trust/trust.int-kit.ts';
import { fileLife, type TestConductor, testConductor } from '../api/conductor.int-kit.ts';
import { applyTenant, repositoryObject } from '../api/objects.int-kit.ts';
import { MachineAttestors } from './attestors.ts';

const PREDICATE = 'https://rig.dashecorp.com/attestation/change/v1';
let rig: TestConductor;
let trust: RunningTrust;
let repositoryId: number;
let now = Date.now();
let away = false;
/** Whom rig:root lists. */
let machines: { subject: string; issuer: string }[];
let heads = 0;
const head = () => {
  heads += 1;
  return heads.toString(16).padStart(40, '0');
};

before(async () => {
  rig = await testConductor(fileLife);
  await applyTenant(rig);
  trust = await started(fileLife as TestContext);
  machines = [{ subject: person.email, issuer: trust.url }];
  repositoryId = (await rig.world.rest('boss', 'GET /repos/acme/widgets')).body.id;
});

function repository(): Repository {
  return {
    ...repositoryObject(rig, 'widgets'),
    status: { observedGeneration: 1, forge: { repositoryID: repositoryId } },
  } as Repository;
}

const digestOf = (headSHA: string, of = repositoryId) =>
  createHash('sha256')
    .update(attestedText({ repositoryId: of, headSHA }))
    .digest('hex');

const statement = (sha256: string, over: object = {}) =>
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'change', digest: { sha256 } }],
    predicateType: PREDICATE,
    predicate: {},
    ...over,
  });

/** Files a bundle at the forge, as CI does. */
async function file(bundle: string): Promise<void> {
  const { status } = await rig.world.rest('dev', 'POST /repos/acme/widgets/attestations', {
    bundle: JSON.parse(bundle),
  });
  assert.equal(status, 201);
}

function attestors(): MachineAttestors {
  const view = { trust: readTrust(JSON.stringify(trust.root)), humans: [], fourEyes: null, version: '1' };
  const forRepository: TestConductor['conductor']['forges']['forRepository'] = async (...args) => {
    if (away) throw new Error('The forge does not answer.');
    return rig.conductor.forges.forRepository(...args);
  };
  const reader = { read: async () => ({ ...view, machines }) };
  return new MachineAttestors({ forges: { forRepository }, trust: reader as never, now: () => now });
}

async function read(headSHA: string) {
  const known = attestors();
  known.of(repository(), headSHA);
  await known.idle();
  const fact = known.of(repository(), headSHA);
  assert.ok(fact.known, fact.known ? '' : fact.why);
  return fact.value;
}

test('a listed machine that signed for a head, and filed that at the forge, vouches for it', async () => {
  const headSHA = head();
  await file(await signed(trust, statement(digestOf(headSHA))));
  assert.deepEqual(await read(headSHA), {
    headSHA,
    vouching: [{ subject: person.email, issuer: trust.url }],
    refused: null,
  });
});

test('a head that nobody signed for has nobody who vouches for it, and no reason either', async () => {
  const headSHA = head();
  assert.deepEqual(await read(headSHA), { headSHA, vouching: [], refused: null });
});

test('a machine that rig:root does not list vouches for nothing, and the reason says who it is', async () => {
  const headSHA = head();
  await file(await signed(trust, statement(digestOf(headSHA))));
  const listed = machines;
  machines = [{ subject: `${person.email}.evil.io`, issuer: trust.url }];
  const { vouching, refused } = await read(headSHA);
  machines = listed;
  assert.deepEqual(vouching, []);
  assert.match(refused ?? '', /"ada@example\.com" of ".*" is not among the listed machines\./);
});

test('the workflow of the base branch vouches by its own certificate; that of another branch, repository or file, or a person under its name, does not', async () => {
  const listed = machines;
  machines = [{ subject: workflowName, issuer: trust.ciIssuer }];
  const branch = { ref: 'refs/heads/rig/shop-7/1' };
  for (const change of [
    branch,
    { repository: 'acme/web' },
    { workflow: 'other' },
    { server: 'https://forge.evil.io' },
  ]) {
    const headSHA = head();
    await file(await signedByWorkflow(trust, statement(digestOf(headSHA)), change));
    const { vouching, refused } = await read(headSHA);
    assert.deepEqual(vouching, []);
    assert.match(refused ?? '', /is not among the listed machines\./);
  }
  const headSHA = head();
  await file(await signed(trust, statement(digestOf(headSHA))));
  assert.deepEqual((await read(headSHA)).vouching, []);
  await file(await signedByWorkflow(trust, statement(digestOf(headSHA))));
  assert.deepEqual((await read(headSHA)).vouching, [{ subject: workflowName, issuer: trust.ciIssuer }]);
  machines = listed;
});

test('a signature over two heads at once is of neither, though the forge files it under both', async () => {
  const [one, other] = [head(), head()];
  const subject = [one, other].map((sha) => ({ name: sha, digest: { sha256: digestOf(sha) } }));
  await file(await signed(trust, statement('', { subject })));
  const { vouching, refused } = await read(one);
  assert.deepEqual(vouching, []);
  assert.match(refused ?? '', /one subject/);
});

test('the same head in another repository is another thing to sign for', async () => {
  const headSHA = head();
  await file(await signed(trust, statement(digestOf(headSHA, repositoryId + 1))));
  assert.deepEqual((await read(headSHA)).vouching, []);
});

test('a bundle whose payload was put in afterwards is refused, and hides no good one beside it', async () => {
  const headSHA = head();
  const good = JSON.parse(await signed(trust, statement(digestOf(headSHA))));
  const payload = Buffer.from(statement(digestOf(headSHA), { predicate: { tests: 'green' } })).toString('base64');
  const forged = { ...good, dsseEnvelope: { ...good.dsseEnvelope, payload } };
  await file(JSON.stringify(forged));
  assert.match((await read(headSHA)).refused ?? '', /does not verify/);
  await file(JSON.stringify(good));
  await file(JSON.stringify({ dsseEnvelope: { payload, payloadType: 'x', signatures: [] } }));
  const { vouching, refused } = await read(headSHA);
  assert.equal(vouching.length, 1);
  assert.ok(refused);
});

test('a forge that does not answer makes it unknown who vouches, and never nobody', async () => {
  away = true;
  const known = attestors();
  const headSHA = head();
  known.of(repository(), headSHA);
  await known.idle();
  const fact = known.of(repository(), headSHA);
  away = false;
  assert.match(fact.known ? '' : fact.why, /could not be read: The forge does not answer\./);
});

test('about a head for which nobody vouches yet the forge is asked again soon at first, then rarely, and for one that is vouched for no sooner', async () => {
  const headSHA = head();
  const known = attestors();
  const began = now;
  let asked = 0;
  const look = async () => {
    known.of(repository(), headSHA, () => {
      asked += 1;
    });
    await known.idle();
  };
  const times: number[] = [];
  for (; now - began <= 60_000; now += 500) {
    const before = asked;
    await look();
    if (asked > before) times.push((now - began) / 1_000);
  }
  assert.deepEqual(times, [0, 2, 4, 6, 9, 13.5, 20.5, 31, 46.5]);
  await file(await signed(trust, statement(digestOf(headSHA))));
  now += 20_000;
  await look();
  const before = asked;
  now += 19_999;
  await look();
  assert.equal(asked, before);
});

test('it is asked again after twenty seconds, tells who waits for it, and is believed for a minute', async () => {
  const headSHA = head();
  const known = attestors();
  let told = 0;
  const look = () =>
    known.of(repository(), headSHA, () => {
      told += 1;
    });
  assert.equal(look().known, false);
  await known.idle();
  assert.equal(told, 1);
  await file(await signed(trust, statement(digestOf(headSHA))));
  now += 20_000;
  const stale = look();
  assert.deepEqual(stale.known && stale.value.vouching, []);
  await known.idle();
  const fresh = look();
  assert.equal(fresh.known && fresh.value.vouching.length, 1);
  away = true;
  now += 61_000;
  assert.equal(look().known, false);
  await known.idle();
  away = false;
});
