import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import {
  approvalDigest,
  approvalDocument,
  approvalStatement,
  type Manifest,
  manifestDigest,
  statementPayloadType,
} from '#domain';
import { openedOrRefused, readTrust, signStatement } from '#lib/attest';
import { makeAuthority } from '#lib/authority';
import { Store } from '#lib/kube';
import { silentLogger } from '#lib/observe';
import { signInWithBrowser, withCode } from '../../../cli/approve/sign-in.ts';
import { approvalInput, sha256 } from '../../../domain/testing/approval.ts';
import { startTrust } from '../../../local/trust/index.ts';
import { Consents, type KnownApproval } from '../../../verifier/admission/consents.ts';
import { Admission } from '../../../verifier/admission/judge.ts';
import { admissionRoutes } from '../../../verifier/admission/routes.ts';
import { serveAdmission } from '../../../verifier/admission/server.ts';

const PERSON = { email: 'ada@example.com', name: 'Ada' };
const OTHERS = 1_000;
const MANIFESTS = 50;
const CLUSTER = 'cluster';
const NAMESPACE = 'acme';

type End = () => Promise<unknown>;

/**
 * What an API server waits for, over TLS, at a steady rate: Secrets that a person consented to, and as many that nobody did, in a cluster with a
 * thousand other Approvals. Every answer is checked. Answers milliseconds each, from the moment at which each was due.
 */
export async function measureAdmission({
  perSecond,
  seconds,
}: {
  readonly perSecond: number;
  readonly seconds: number;
}): Promise<number[]> {
  const ends: End[] = [];
  try {
    const { post, manifests } = await prepare(ends);
    const started = performance.now();
    const asked = Array.from({ length: perSecond * seconds }, async (_, index) => {
      const due = started + (index * 1_000) / perSecond;
      await wait(Math.max(0, due - performance.now()));
      const manifest = manifests[index % manifests.length]!;
      const signed = index % 2 === 0;
      const { allowed } = await post(signed ? manifest : { ...manifest, data: { other: 'YQ==' } });
      if (allowed !== signed) throw new Error(`A write was ${allowed ? 'allowed' : 'refused'}, wrongly.`);
      return performance.now() - due;
    });
    return await Promise.all(asked);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function prepare(ends: End[]) {
  const dataDir = await mkdtemp(join(tmpdir(), 'rig-bench-'));
  ends.push(() => rm(dataDir, { recursive: true, force: true }));
  const signInCode = randomBytes(24).toString('hex');
  const signing = await startTrust({ dataDir, person: PERSON, signInCode, codeFile: '' });
  ends.push(() => signing.close());
  const manifests = Array.from({ length: MANIFESTS }, (_, index) => secret(`signed-${index}`));
  const identityToken = await signInWithBrowser(signing.url, withCode(signInCode, signing.url));
  const bundle = await signStatement(statementOf('signed', manifests), {
    payloadType: statementPayloadType,
    identityToken,
    services: { fulcioURL: signing.url, rekorURL: signing.url },
  });
  const approvals = new Store<KnownApproval>();
  const root = readTrust(JSON.stringify(signing.root));
  const human = { subject: PERSON.email, issuer: signing.url, logins: [], groups: [] };
  const opened = new Map<string, ReturnType<typeof openedOrRefused>>();
  const consents = new Consents({
    approvals: {
      hasSynced: () => true,
      byIndex: (name, value) => approvals.byIndex(name, value),
      addIndex(name, fn) {
        approvals.addIndex(name, fn);
        return this as never;
      },
    },
    clusterUID: async () => CLUSTER,
    fate: async () => ({ state: 'merged', headSHA: 'a'.repeat(40), baseRef: 'main', at: Date.now() + 1_000 }),
    now: Date.now,
    trust: async () => ({
      humans: [human],
      machines: [],
      revoked: () => false,
      counted: () => true,
      kept: () => [],
      open: ({ metadata, spec }) => {
        const found = opened.get(metadata.uid!) ?? openedOrRefused(spec.bundle, root);
        opened.set(metadata.uid!, found);
        return 'refused' in found ? null : found;
      },
      openText: () => null,
    }),
    machines: async () => ({ state: 'known', machines: [] }),
  });
  approvals.set(approvalOf('signed', bundle));
  for (let index = 0; index < OTHERS; index += 1) {
    const payload = Buffer.from(statementOf(`other-${index}`, [secret(`other-${index}`)])).toString('base64');
    approvals.set(approvalOf(`other-${index}`, JSON.stringify({ dsseEnvelope: { payload } })));
  }
  const admission = new Admission({
    consents,
    policies: { hasSynced: () => true, list: () => [] },
    mayGoOn: async () => false,
    wholeOf: async (asked) => asked,
    logger: silentLogger,
  });
  const authority = await makeAuthority('bench', Date.now());
  await writeFile(join(dataDir, 'tls.crt'), authority.certificate);
  await writeFile(join(dataDir, 'tls.key'), authority.key);
  const listen = { host: '127.0.0.1', port: 0 };
  const app = admissionRoutes(admission, silentLogger);
  const server = await serveAdmission(
    { listen, authorityDir: dataDir, hosts: ['127.0.0.1'], now: Date.now },
    app,
    silentLogger,
  );
  const dispatcher = new Agent({ connect: { ca: authority.certificate }, connections: 8 });
  ends.push(
    () => server.close(),
    () => dispatcher.close(),
  );
  const url = `https://127.0.0.1:${server.port}/admission/consent`;
  const post = async (object: Manifest): Promise<{ allowed: boolean }> => {
    const { body } = await request(url, { method: 'POST', dispatcher, body: JSON.stringify(reviewOf(object)) });
    return ((await body.json()) as { response: { allowed: boolean } }).response;
  };
  // An API server keeps its connections too.
  await Promise.all(Array.from({ length: 8 }, () => post(manifests[0]!)));
  return { post, manifests };
}

const secret = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop' },
  data: { token: Buffer.from(name.repeat(200)).toString('base64') },
});

function statementOf(name: string, manifests: readonly Manifest[]): string {
  const input = approvalInput('merge');
  const change = {
    ...input.change!,
    headSHA: 'a'.repeat(40),
    manifests: manifests.map((one) => manifestDigest(one, sha256)),
  };
  const document = approvalDocument({ ...input, clusterUID: CLUSTER, namespace: NAMESPACE, name, uid: name, change });
  return JSON.stringify(approvalStatement(document, approvalDigest(document, sha256)));
}

function approvalOf(name: string, bundle: string): KnownApproval {
  const spec = { issueRef: { name, uid: name }, scope: 'merge', bundle };
  return { metadata: { name, namespace: NAMESPACE, uid: name }, spec } as KnownApproval;
}

function reviewOf(object: Manifest): object {
  const request = {
    uid: 'uid',
    kind: { group: '', version: 'v1', kind: 'Secret' },
    operation: 'CREATE',
    namespace: 'shop',
    name: object.metadata.name,
    userInfo: { username: 'flux' },
    object,
    oldObject: null,
  };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
}
